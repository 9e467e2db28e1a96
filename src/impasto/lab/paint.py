"""Painting one cell, with its trace."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from impasto.guidance import Result
from impasto.lab.cells import PaintCell
from impasto.lab.pictures import StudyPictures
from impasto.lab.setting import Setting
from impasto.lab.weights import weights_of
from impasto.lab.work import CellProgress
from impasto.optimize import Finished, Job, Painter, Recipe, Stepped, make_recipe
from impasto.optimize.schedule import schedule
from impasto.painting import open_job


@dataclass(frozen=True)
class PaintRun:
    """A finished run: its initial picture (1,3,H,W), result, recipe, and one trace entry per step (`Row.trace`).

    ``start_losses`` are the losses of the styles at the initial picture, without their factors gamma and sigma, at the
    finest scale; empty where the result has no improvements.
    """

    start: Tensor
    result: Result
    recipe: Recipe
    trace: list[dict[str, float]]
    start_losses: tuple[float, ...] = ()


def recipe_of(cell: PaintCell, setting: Setting) -> Recipe:
    """Return the complete recipe of a cell, with no more steps than the setting allows.

    Raises `RecipeError`, and `WeightsError` if the encoder's weights are missing.
    """
    encoder = str(cell.recipe.get("encoder", setting.encoder))
    weights = weights_of(encoder, setting)
    fields: dict[str, Any] = {"size": setting.size, **cell.recipe, "encoder": encoder}
    if weights is not None:
        fields.setdefault("weights", str(weights))
    if cell.preset == "impasto":
        # The papers start from the content image or from noise, not from a picture that a network painted.
        fields.setdefault("start", "content")
    recipe = make_recipe(cell.preset, **fields)
    if setting.most_steps is not None and sum(steps for _, steps in schedule(recipe)) > setting.most_steps:
        recipe = recipe.model_copy(update={"steps": setting.most_steps})
    return recipe


def open_cell(cell: PaintCell, recipe: Recipe, pictures: StudyPictures) -> Job:
    """Return the job of a cell; raises what `open_job` raises."""
    styles = [pictures.styles[index] for index in cell.styles]
    return open_job(recipe, pictures.content if cell.content else None, styles)


def paint(job: Job) -> Generator[CellProgress, None, PaintRun]:
    """Run a job, yielding at every event; return the finished run. Raises `DivergedError`."""
    painter = Painter(job)
    start = painter.picture()
    trace: list[dict[str, float]] = []
    passes = 0

    def count_pass(_: Any, inputs: tuple[Any, ...]) -> None:
        nonlocal passes
        # Targets are measured without a gradient and are not part of a step.
        passes += bool(inputs[0].requires_grad)

    hooks = [encoder.register_forward_pre_hook(count_pass) for encoder in job.encoders.all]
    start_time = time.monotonic()
    try:
        for event in painter.events():
            if isinstance(event, Stepped):
                entry = {
                    "step": event.total,
                    "scale": event.scale,
                    "seconds": time.monotonic() - start_time,
                    "passes": passes,
                    "loss": event.loss,
                }
                trace.append({**entry, **event.terms})
            if isinstance(event, Finished):
                improved = event.result.improvements
                losses = painter.context.initial_losses(job.plan.scales[-1]) if improved else ()
                return PaintRun(start, event.result, job.plan.recipe, trace, losses)
            yield CellProgress(event.seconds_left if isinstance(event, Stepped) else None)
    finally:
        for hook in hooks:
            hook.remove()
    raise AssertionError("a run ends with Finished")  # unreachable: the engine ends with it or raises
