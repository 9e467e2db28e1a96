"""Checkpoints: the complete state of a run, for an exact resume."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from impasto.errors import RecipeError, ResumeError
from impasto.optimize.ema import EMA
from impasto.optimize.guard import DivergenceGuard
from impasto.optimize.recipe import Recipe
from impasto.optimize.state import RunState, make_optimizer
from impasto.state_files import read_state, write_state

VERSION = 5


# Writing checkpoints takes at most about one part in this many of a run.
SAVE_SHARE = 20


class SaveTimer:
    """Says when the next checkpoint is due: after ``seconds``, or `SAVE_SHARE` times what the last one took."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._pause = seconds
        self._saved_at = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether the next checkpoint is due."""
        return time.monotonic() - self._saved_at >= self._pause

    @contextlib.contextmanager
    def saving(self) -> Iterator[None]:
        """Time the writing of a checkpoint."""
        started = time.monotonic()
        yield
        self._saved_at = time.monotonic()
        self._pause = max(self.seconds, SAVE_SHARE * (self._saved_at - started))


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as read: the recipe, digests and paths of the input images, and the states of run and guard.

    ``start_recipe`` is the recipe that the run began with.
    """

    recipe: Recipe
    start_recipe: Recipe
    digests: tuple[str, ...]
    input_names: dict[str, Any]
    state: dict[str, Any]
    guard: dict[str, Any]


def write_checkpoint(
    path: Path,
    recipe: Recipe,
    start_recipe: Recipe,
    digests: Sequence[str],
    input_names: dict[str, Any],
    run: RunState,
    guard: DivergenceGuard,
) -> None:
    """Write the state of a run atomically; raises `OutputError` if it cannot be written."""
    content = {
        "version": VERSION,
        "recipe": recipe.model_dump_json(),
        "start_recipe": start_recipe.model_dump_json(),
        "digests": list(digests),
        "input_names": input_names,
        "state": run.state_dict(),
        "guard": guard.state_dict(),
    }
    write_state(path, content)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint without executing code from it; raises `ResumeError` if it is missing or damaged."""
    content = read_state(path)
    version = content.get("version")
    if version != VERSION:
        raise ResumeError(
            f"{path} has checkpoint version {version}, but this impasto reads {VERSION}; start the run again."
        )
    try:
        recipe = Recipe.model_validate_json(content["recipe"])
        return Checkpoint(
            recipe,
            Recipe.model_validate_json(content["start_recipe"]),
            tuple(content["digests"]),
            dict(content["input_names"]),
            dict(content["state"]),
            dict(content["guard"]),
        )
    except ValueError as error:
        raise ResumeError(
            f"{path} holds a recipe that this impasto cannot read; start the run again."
        ) from error
    except (KeyError, TypeError) as error:
        raise ResumeError(f"{path} lacks parts of a checkpoint; start the run again.") from error


def restore(
    checkpoint: Checkpoint, digests: Sequence[str], device: torch.device
) -> tuple[RunState, DivergenceGuard]:
    """Return the state of the run at ``checkpoint``; raises `ResumeError` if the input images differ."""
    if tuple(digests) != checkpoint.digests:
        raise ResumeError(
            "The pictures differ from those of the checkpoint; give the same content, styles and masks."
        )
    image = checkpoint.state["image"].to(device).requires_grad_(True)
    optimizer = make_optimizer(checkpoint.recipe, image)
    run = RunState(image, optimizer, EMA(checkpoint.recipe.ema_decay), torch.Generator())
    run.load_state_dict(checkpoint.state)
    guard = DivergenceGuard()
    guard.load_state_dict(checkpoint.guard)
    return run, guard


def same_recipe(checkpoint: Checkpoint, recipe: Recipe) -> None:
    """Raise `RecipeError` if ``recipe`` differs from the checkpoint's, naming the first difference."""
    theirs, ours = checkpoint.recipe.to_json(), recipe.to_json()
    for name in theirs:
        if theirs[name] != ours[name]:
            raise RecipeError(
                f"The checkpoint was painted with {name} = {theirs[name]!r}, not {ours[name]!r}; "
                "leave the option out to use the checkpoint's."
            )
