"""Checkpoints of trainings: settings, what they were started from, and the whole state."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from impasto.errors import RecipeError, ResumeError
from impasto.imaging import atomic_write
from impasto.training.trainer import Training

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


def resume(
    path: Path, kind: str, training: Training, same: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Put `training` where its checkpoint left it; return what that was started from, which is `same` if given.

    Raises RecipeError if it has other settings or was started from something else, and what `read_checkpoint` and
    `Training.load` raise.
    """
    settings, origin, state = read_checkpoint(path, kind)
    if settings != training.settings.model_dump_json():
        raise RecipeError("The checkpoint was trained with other settings; give the same, or start afresh.")
    if same is not None and origin != same:
        raise RecipeError(
            "The checkpoint was trained on other pictures, or began with another network; give the same, or start"
            " afresh."
        )
    training.load(state)
    return origin
