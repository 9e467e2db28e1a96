"""Checkpoints of a fine-tuning: its settings, what it was started from, and its state."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from impasto.encoder_training.finetune.settings import FinetuneSettings
from impasto.encoder_training.finetune.task import FineTuning
from impasto.errors import RecipeError, ResumeError
from impasto.imaging import atomic_write

VERSION = 1


@dataclass(frozen=True)
class Origin:
    """What a run was started from and where it writes: paths as given, digests of pictures and parent."""

    data: str
    weights: str | None
    out: str
    pictures: str
    parent: str


@dataclass(frozen=True)
class FinetuneCheckpoint:
    """A checkpoint as read."""

    path: Path
    settings: FinetuneSettings
    origin: Origin
    state: dict[str, Any]


def write_checkpoint(path: Path, run: FineTuning, origin: Origin) -> None:
    """Write the state of `run`, atomically; raises OutputError where that is impossible."""
    content = {
        "version": VERSION,
        "kind": "finetune",
        "settings": run.settings.model_dump_json(),
        "origin": vars(origin),
        "state": run.state(),
    }
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        torch.save(content, file)


def read_checkpoint(path: Path) -> FinetuneCheckpoint:
    """Read a checkpoint without running any code in it; raises ResumeError if it is missing or damaged."""
    if not path.is_file():
        raise ResumeError(f"{path} is not a checkpoint: there is no such file.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        if content["version"] != VERSION or content["kind"] != "finetune":
            raise ValueError("another kind of checkpoint")
        settings = FinetuneSettings.model_validate_json(content["settings"])
        return FinetuneCheckpoint(path, settings, Origin(**content["origin"]), dict(content["state"]))
    except Exception as error:  # torch.load raises what pickle, zipfile and its own checks raise
        raise ResumeError(
            f"{path} is damaged or not the checkpoint of a fine-tuning; start afresh."
        ) from error


def restore(checkpoint: FinetuneCheckpoint, run: FineTuning, origin: Origin) -> None:
    """Put `run` where `checkpoint` stands; raises ResumeError if its pictures or parent weights are others."""
    if origin.pictures != checkpoint.origin.pictures:
        raise ResumeError(
            f"The pictures in '{origin.data}' are not those that {checkpoint.path} was trained on; put them back or "
            "start afresh."
        )
    if origin.parent != checkpoint.origin.parent:
        raise ResumeError(
            f"The weights are not those that {checkpoint.path} began with; give the same --weights or start afresh."
        )
    try:
        run.load(checkpoint.state)
    except Exception as error:  # whatever a state that does not fit makes torch raise
        raise ResumeError(f"{checkpoint.path} does not fit its own settings; start afresh.") from error


def same_settings(checkpoint: FinetuneCheckpoint, given: dict[str, Any]) -> None:
    """Raise RecipeError if a setting that was given differs from the checkpoint's, naming it."""
    for name, value in given.items():
        theirs = getattr(checkpoint.settings, name)
        if value != theirs:
            raise RecipeError(
                f"The checkpoint was trained with {name} = {theirs!r}, not {value!r}; leave the option out to go on "
                "with the checkpoint's."
            )
