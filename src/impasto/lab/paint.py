"""From a cell to a painted picture with the course of its run."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from impasto.guidance.result import Result
from impasto.lab.pictures import StudyPictures
from impasto.lab.study import PaintCell, Setting
from impasto.lab.weights import weights_of
from impasto.lab.work import Going
from impasto.optimize.engine import Painter
from impasto.optimize.events import Finished, Stepped
from impasto.optimize.job import Job
from impasto.optimize.presets import make_recipe
from impasto.optimize.recipe import Recipe
from impasto.optimize.run import open_job
from impasto.optimize.schedule import schedule


@dataclass(frozen=True)
class PaintedCell:
    """A finished run: its first picture (1,3,H,W), the result, the recipe, and a line a step (see `Row.trace`)."""

    start: Tensor
    result: Result
    recipe: Recipe
    trace: list[dict[str, float]]


def recipe_of(cell: PaintCell, setting: Setting) -> Recipe:
    """Return the whole recipe of a cell, with no more steps than the setting allows.

    Raises `RecipeError` and, where an encoder's weights are not here, `WeightsError`.
    """
    encoder = str(cell.recipe.get("encoder", setting.encoder))
    weights = weights_of(encoder, setting)
    fields: dict[str, Any] = {"size": setting.size, **cell.recipe, "encoder": encoder}
    if weights is not None:
        fields.setdefault("weights", str(weights))
    recipe = make_recipe(cell.preset, **fields)
    if setting.most_steps is not None and sum(steps for _, steps in schedule(recipe)) > setting.most_steps:
        recipe = recipe.model_copy(update={"steps": setting.most_steps})
    return recipe


def open_cell(cell: PaintCell, recipe: Recipe, pictures: StudyPictures) -> Job:
    """Return the job of a cell; raises what `open_job` raises."""
    styles = [pictures.styles[index] for index in cell.styles]
    return open_job(recipe, pictures.content if cell.content else None, styles)


def paint(job: Job) -> Generator[Going, None, PaintedCell]:
    """Yield at every event of a run and return it painted; raises `DivergedError`."""
    painter = Painter(job)
    start = painter.picture()
    trace: list[dict[str, float]] = []
    passes = 0

    def count(_: Any, given: tuple[Any, ...]) -> None:
        nonlocal passes
        # Targets are measured without a gradient and are no part of a step.
        passes += bool(given[0].requires_grad)

    hook = job.encoder.register_forward_pre_hook(count)
    began = time.monotonic()
    try:
        for event in painter.events():
            if isinstance(event, Stepped):
                course = {"step": event.total, "scale": event.scale, "seconds": time.monotonic() - began}
                trace.append({**course, "passes": passes, "loss": event.loss, **event.terms})
            if isinstance(event, Finished):
                return PaintedCell(start, event.result, job.plan.recipe, trace)
            yield Going(event.seconds_left if isinstance(event, Stepped) else None)
    finally:
        hook.remove()
    raise AssertionError("a run ends with Finished")  # unreachable: the engine ends with it or raises
