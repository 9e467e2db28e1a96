"""Checkpoints of trainings: one format for every task, resumed bit for bit."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impasto.errors import RecipeError, ResumeError
from impasto.settings import FrozenSettings
from impasto.state_files import read_state, write_state
from impasto.training.trainer import Trainer

VERSION = 3


@dataclass(frozen=True)
class TrainingCheckpoint:
    """A checkpoint as read: settings, the origin of the run (paths, digests, names) and its state."""

    path: Path
    settings: dict[str, Any]
    origin: dict[str, Any]
    state: dict[str, Any]


def write_checkpoint(path: Path, trainer: Trainer, origin: Mapping[str, Any]) -> None:
    """Write the state of a run atomically; raises OutputError where that is impossible."""
    task = trainer.task
    content = {
        "version": VERSION,
        "kind": task.kind,
        "settings": task.settings.model_dump_json(),
        "origin": dict(origin),
        "state": trainer.state(),
    }
    write_state(path, content)


def read_checkpoint(path: Path, kind: str) -> TrainingCheckpoint:
    """Return a checkpoint of a task of `kind`; no code in it is run.

    Raises ResumeError if it is missing, damaged, or of another kind or version.
    """
    content = read_state(path, "the checkpoint of this training")
    try:
        if content["version"] != VERSION or content["kind"] != kind:
            raise ValueError("another kind of checkpoint")
        settings = dict(json.loads(content["settings"]))
        return TrainingCheckpoint(path, settings, dict(content["origin"]), dict(content["state"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ResumeError(
            f"{path} is damaged or not the checkpoint of this training; start afresh."
        ) from error


def check_settings(
    checkpoint: TrainingCheckpoint,
    settings: FrozenSettings,
    may_differ: Collection[str] = ("device",),
    *,
    advice: str = "give the same, or start afresh",
) -> None:
    """Raise RecipeError with the first difference and `advice` if `settings` are not those of the checkpoint."""
    given = dict(json.loads(settings.model_dump_json()))
    for name in (*given, *checkpoint.settings):
        theirs, ours = checkpoint.settings.get(name), given.get(name)
        if theirs != ours and name not in may_differ:
            raise RecipeError(f"The checkpoint was trained with {name} = {theirs!r}, not {ours!r}; {advice}.")


def check_origin(
    checkpoint: TrainingCheckpoint, origin: Mapping[str, Any], sentences: Mapping[str, str]
) -> None:
    """Raise ResumeError with the sentence of the first key whose value differs from the checkpoint's."""
    for name, sentence in sentences.items():
        if origin.get(name) != checkpoint.origin.get(name):
            raise ResumeError(sentence)


def resume(checkpoint: TrainingCheckpoint, trainer: Trainer) -> None:
    """Put `trainer` where `checkpoint` stands; raises ResumeError if the state does not fit."""
    try:
        trainer.load_state(checkpoint.state)
    except ResumeError as error:
        raise ResumeError(f"{checkpoint.path} does not fit its own settings; start afresh.") from error
