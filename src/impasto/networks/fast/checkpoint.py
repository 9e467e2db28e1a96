"""Checkpoints of trainings: settings, what they were started from, and the whole state."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from impasto.errors import ResumeError
from impasto.imaging import atomic_write

VERSION = 1


def write_checkpoint(
    path: Path, kind: str, settings: str, origin: Mapping[str, str], state: Mapping[str, Any]
) -> None:
    """Write a checkpoint of a training of `kind`, atomically; `settings` as JSON, `origin` as words."""
    content = {
        "version": VERSION, "kind": kind, "settings": settings, "origin": dict(origin), "state": dict(state)
    }  # fmt: skip
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        torch.save(content, file)


def read_checkpoint(path: Path, kind: str) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Return settings, origin and state of a checkpoint without running any code in it.

    Raises ResumeError if it is missing, damaged, or of another kind of training.
    """
    if not path.is_file():
        raise ResumeError(f"{path} is not a checkpoint: there is no such file.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        if content["version"] != VERSION or content["kind"] != kind:
            raise ValueError("another kind of checkpoint")
        return str(content["settings"]), dict(content["origin"]), dict(content["state"])
    except Exception as error:  # torch.load raises what pickle, zipfile and its own checks raise
        raise ResumeError(
            f"{path} is damaged or not the checkpoint of this training; start afresh."
        ) from error
