"""State files: nested tensors and plain values in one file, written atomically and read without running any code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from impasto.errors import ResumeError
from impasto.imaging import atomic_write


def write_state(path: Path, content: Mapping[str, Any]) -> None:
    """Write `content` to `path` in one step; raises OutputError where that is impossible."""
    # torch.save refuses a hidden file name without a suffix, so it gets an open file.
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        torch.save(dict(content), file)


def read_state(path: Path, what: str = "a checkpoint") -> dict[str, Any]:
    """Return the content of a state file; no code in it is run.

    Raises ResumeError if the file is missing, damaged or not `what`.
    """
    if not path.is_file():
        raise ResumeError(f"{path} is not a checkpoint: there is no such file.")
    try:
        return dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch.load raises whatever pickle, zipfile and its own checks raise
        raise ResumeError(f"{path} is damaged or not {what}; start afresh.") from error
