"""Work of a painted cell: its recipe, its identity, its picture and its measures."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impasto.errors import RecipeError
from impasto.lab.cells import PaintCell
from impasto.lab.laboratory import Laboratory
from impasto.lab.measures import measure, measure_input
from impasto.lab.paint import open_cell, paint, recipe_of
from impasto.lab.weights import fingerprint
from impasto.lab.work import CellProgress, CellResult
from impasto.optimize import Recipe
from impasto.optimize.balance import square_root_sigmas

# Raise it when the same recipe gives another picture or a measure another value.
VERSION = 2


@dataclass(frozen=True)
class PaintWork:
    """A cell to paint with ``plan`` and to measure with ``measures``."""

    cell: PaintCell
    plan: Recipe
    measures: Sequence[str]
    laboratory: Laboratory

    @property
    def recipe(self) -> dict[str, Any]:
        """The complete recipe."""
        return self.plan.to_json()

    @property
    def identity(self) -> dict[str, Any]:
        """Coordinates, recipe, pictures, measures and networks; the path of a weights file is not part of it."""
        content, *styles = self.laboratory.pictures.digests
        weights = None if self.plan.weights is None else Path(self.plan.weights)
        return {
            "version": VERSION,
            "key": dict(self.cell.key),
            "recipe": {name: value for name, value in self.recipe.items() if name != "weights"},
            "content": content if self.cell.content else None,
            "styles": [styles[index] for index in self.cell.styles],
            "measures": list(self.measures),
            **({"balance_once": True} if self.cell.balance_once else {}),
            "networks": [fingerprint(self.plan.encoder, weights), self.laboratory.judge.fingerprint],
        }

    def make(self) -> Generator[CellProgress, None, CellResult]:
        """Paint and measure; raises what `open_job`, the run and the measures raise."""
        pictures = self.laboratory.pictures
        plan = (yield from self._balanced_once()) if self.cell.balance_once else self.plan
        job = open_cell(self.cell, plan, pictures)
        run = yield from paint(job)
        content = pictures.content.pixels if self.cell.content else None
        styles = [pictures.styles[index].pixels for index in self.cell.styles]
        measured = measure_input(run, content, styles, job.encoder, self.laboratory.judge.encoder)
        return CellResult(run.result.pixels, measure(self.measures, measured), run.trace)

    def _balanced_once(self) -> Generator[CellProgress, None, Recipe]:
        """Paint unbalanced at even weights; return the recipe with the factors that follow from this run."""
        unbalanced = self.plan.model_copy(update={"mix": None, "balance": False, "sigmas": None})
        run = yield from paint(open_cell(self.cell, unbalanced, self.laboratory.pictures))
        return self.plan.model_copy(update={"sigmas": square_root_sigmas(run.result.improvements)})


def open_painting(cell: PaintCell, measures: Sequence[str], laboratory: Laboratory) -> PaintWork:
    """Return the work of a cell; raises `RecipeError` if a style is missing, and what `recipe_of` raises."""
    count = len(laboratory.pictures.styles)
    if any(index >= count for index in cell.styles):
        raise RecipeError(
            f"The cell needs style {max(cell.styles) + 1}, but there are {count}; give more styles."
        )
    return PaintWork(cell, recipe_of(cell, laboratory.setting), measures, laboratory)


def painting_conditions(laboratory: Laboratory) -> str:
    """Return encoder, size, pictures and judge as sentences."""
    setting = laboratory.setting
    content, *styles = laboratory.pictures.names
    return (
        f"Painted through the encoder '{setting.encoder}' at {setting.size} pixels: content image '{content}', "
        f"style {' and '.join(repr(style) for style in styles)}. {laboratory.judge.sentence}"
    )
