"""Child processes: what they inherit."""

from __future__ import annotations

import asyncio
import os
from multiprocessing.connection import Connection

import pytest

from impasto.openmp import WAIT_POLICY
from impasto.studio.processes import EXITED, ChildProcess, HelperProcess, _status_and_message, answer


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


def test_a_request_that_arrives_while_an_idle_process_ends_starts_it_again(monkeypatch) -> None:
    monkeypatch.setenv("IMPASTO_TEST", "1")

    async def ask() -> list[str]:
        helper = HelperProcess(__name__, max_waiting=2)
        try:
            answers = [await helper.call("environment", key="IMPASTO_TEST")]
            ending = asyncio.create_task(helper.stop_if_idle())
            await asyncio.sleep(0)
            answers.append(await helper.call("environment", key="IMPASTO_TEST"))
            await ending
            return answers
        finally:
            await helper.stop()

    assert asyncio.run(ask()) == ["1", "1"]


def test_a_process_that_is_killed_before_it_has_started_ends() -> None:
    async def start_and_kill() -> list[object]:
        messages: list[object] = []
        child = ChildProcess(__name__, (), messages.append)
        child.start()
        assert (child.exists, child.pid) == (True, None)
        child.kill()
        await child.stop(60)
        assert (child.exists, child.pid) == (False, None)
        return messages

    assert asyncio.run(start_and_kill())[-1] is EXITED


def test_memory_that_ran_out_in_torch_is_no_bug() -> None:
    error = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes")
    status, message = _status_and_message(error)
    assert (status, "not enough memory" in message) == (422, True)
