"""Small pictures to paint in batches."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..cli.conftest import make_picture

TINY = {"encoder": "tiny", "size": 32, "steps": 2, "precision": "float32", "start": "content"}


@pytest.fixture(autouse=True)
def _one_thread(one_thread: None) -> None:
    """Compute with one thread."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with in/a.png, in/b.png, art.png and art2.png."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    for seed, name in enumerate(("in/a.png", "in/b.png", "art.png", "art2.png")):
        make_picture(tmp_path / name, 48, 36, seed)
    return tmp_path
