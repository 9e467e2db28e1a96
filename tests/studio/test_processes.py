"""Child processes: what they inherit."""

from __future__ import annotations

import asyncio
import os
from multiprocessing.connection import Connection

import pytest

from impasto.openmp import WAIT_POLICY
from impasto.studio.processes import HelperProcess, answer


def run(pipe: Connection) -> None:
    """Answer the child's environment."""
    answer(pipe, {"environment": os.environ.get})


@pytest.mark.parametrize("chosen", [None, "5"])
def test_threads_of_children_wait_without_taking_processors(monkeypatch, chosen) -> None:
    name, passive = WAIT_POLICY
    monkeypatch.delenv(name, raising=False)
    if chosen:
        monkeypatch.setenv(name, chosen)

    async def ask() -> str:
        helper = HelperProcess(__name__, max_waiting=1)
        try:
            return str(await helper.call("environment", key=name))
        finally:
            await helper.stop()

    assert asyncio.run(ask()) == (chosen or passive)
