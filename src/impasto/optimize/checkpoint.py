"""Checkpoints: everything a run needs to go on as if it had never stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from impasto.errors import RecipeError, ResumeError
from impasto.imaging import atomic_write
from impasto.optimize.guard import DivergenceGuard
from impasto.optimize.recipe import Recipe
from impasto.optimize.state import Average, RunState, make_optimizer

VERSION = 2


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as read: the recipe, digests and paths of the pictures, and the raw state."""

    recipe: Recipe
    digests: tuple[str, ...]
    inputs: dict[str, Any]
    state: dict[str, Any]


def write_checkpoint(
    path: Path,
    recipe: Recipe,
    digests: Sequence[str],
    inputs: dict[str, Any],
    run: RunState,
    guard: DivergenceGuard,
) -> None:
    """Write the state of a run, atomically; raises `OutputError` where that is impossible."""
    content = {
        "version": VERSION,
        "recipe": recipe.model_dump_json(),
        "digests": list(digests),
        "inputs": inputs,
        "state": {
            "image": run.image.detach(),
            "optimizer": run.optimizer.state_dict(),
            "average": run.average.state(),
            "generator": run.generator.get_state(),
            "scale": run.scale,
            "step": run.step,
            "total": run.total,
            "rate_factor": run.rate_factor,
            "gain": run.gain,
            "sigmas": None if run.sigmas is None else list(run.sigmas),
            "composed": run.composed,
            "losses": list(run.losses),
            "changes": list(run.changes),
            "guard": guard.state(),
        },
    }
    # By an open file: given a name, torch.save refuses one that is hidden and has no suffix.
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        torch.save(content, file)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint without running any code in it; raises `ResumeError` if it is missing or damaged."""
    if not path.is_file():
        raise ResumeError(f"{path} is not a checkpoint: there is no such file.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        version = content["version"]
    except Exception as error:  # torch.load raises what pickle, zipfile and its own checks raise
        raise ResumeError(f"{path} is damaged or not a checkpoint; start the run afresh.") from error
    if version != VERSION:
        raise ResumeError(
            f"{path} has checkpoint version {version}, this impasto reads {VERSION}; start afresh."
        )
    try:
        recipe = Recipe.model_validate_json(content["recipe"])
        return Checkpoint(recipe, tuple(content["digests"]), dict(content["inputs"]), dict(content["state"]))
    except ValueError as error:
        raise ResumeError(f"{path} holds a recipe that this impasto does not know; start afresh.") from error
    except (KeyError, TypeError) as error:
        raise ResumeError(f"{path} lacks parts of a checkpoint; start the run afresh.") from error


def restore(
    checkpoint: Checkpoint, digests: Sequence[str], device: torch.device
) -> tuple[RunState, DivergenceGuard]:
    """Return the state of the run at ``checkpoint``; raises `ResumeError` if the pictures are not the same."""
    if tuple(digests) != checkpoint.digests:
        raise ResumeError(
            "The pictures differ from those of the checkpoint; give the same content, styles and masks."
        )
    saved, recipe = checkpoint.state, checkpoint.recipe
    image = saved["image"].to(device).requires_grad_(True)
    optimizer = make_optimizer(recipe, image)
    optimizer.load_state_dict(saved["optimizer"])
    average = Average(recipe.average)
    average.load(saved["average"])
    generator = torch.Generator()
    generator.set_state(saved["generator"])
    run = RunState(
        image, optimizer, average, generator, saved["scale"], saved["step"], saved["total"], saved["rate_factor"],
        saved["gain"], None if saved["sigmas"] is None else tuple(saved["sigmas"]),
        None if saved["composed"] is None else saved["composed"].to(device), list(saved["losses"]),
        list(saved.get("changes", [])),
    )  # fmt: skip
    guard = DivergenceGuard()
    guard.load(saved["guard"])
    return run, guard


def same_recipe(checkpoint: Checkpoint, recipe: Recipe) -> None:
    """Raise `RecipeError` if ``recipe`` differs from the checkpoint's, naming the first difference."""
    theirs, ours = checkpoint.recipe.to_json(), recipe.to_json()
    for name in theirs:
        if theirs[name] != ours[name]:
            raise RecipeError(
                f"The checkpoint was painted with {name} = {theirs[name]!r}, not {ours[name]!r}; "
                "leave the option out to go on with the checkpoint's."
            )
