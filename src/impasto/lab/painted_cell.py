"""The work of a cell that is painted: its recipe, what decides it, its picture and what is measured of it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.errors import RecipeError
from impasto.lab.measures import measure, see
from impasto.lab.paint import open_cell, paint, recipe_of
from impasto.lab.weights import fingerprint
from impasto.lab.work import Going, Made
from impasto.optimize.recipe import Recipe

if TYPE_CHECKING:
    from impasto.lab.run import Laboratory
    from impasto.lab.study import PaintCell

# To be raised when the same recipe gives another picture, or a measure another value.
VERSION = 1


@dataclass(frozen=True)
class PaintedCellWork:
    """A picture to be painted by ``plan`` and measured by ``measures``."""

    cell: PaintCell
    plan: Recipe
    measures: Sequence[str]
    laboratory: Laboratory

    @property
    def recipe(self) -> dict[str, Any]:
        """The whole recipe."""
        return self.plan.to_json()

    @property
    def identity(self) -> dict[str, Any]:
        """Coordinates, recipe, pictures, measures and networks; where a weights file lies does not matter."""
        content, *styles = self.laboratory.pictures.digests
        weights = None if self.plan.weights is None else Path(self.plan.weights)
        return {
            "version": VERSION,
            "key": dict(self.cell.key),
            "recipe": {name: value for name, value in self.recipe.items() if name != "weights"},
            "content": content if self.cell.content else None,
            "styles": [styles[index] for index in self.cell.styles],
            "measures": list(self.measures),
            "networks": [fingerprint(self.plan.encoder, weights), self.laboratory.judge.fingerprint],
        }

    def make(self) -> Generator[Going, None, Made]:
        """Paint and measure; raises what `open_job`, the run and the measures raise."""
        pictures = self.laboratory.pictures
        job = open_cell(self.cell, self.plan, pictures)
        painted = yield from paint(job)
        content = pictures.content.pixels if self.cell.content else None
        styles = [pictures.styles[index].pixels for index in self.cell.styles]
        sight = see(painted, content, styles, job.encoder, self.laboratory.judge.encoder)
        return Made(painted.result.pixels, measure(self.measures, sight), painted.trace)


def open_painting(cell: PaintCell, measures: Sequence[str], laboratory: Laboratory) -> PaintedCellWork:
    """Return the work of a cell; raises `RecipeError` where a style is not there, and what `recipe_of` raises."""
    there = len(laboratory.pictures.styles)
    if any(index >= there for index in cell.styles):
        raise RecipeError(f"It takes style {max(cell.styles) + 1}, but there are {there}; give more styles.")
    return PaintedCellWork(cell, recipe_of(cell, laboratory.setting), measures, laboratory)


def painting_conditions(laboratory: Laboratory) -> str:
    """Return through which encoder, from which pictures and under which judge is painted."""
    setting = laboratory.setting
    content, *styles = laboratory.pictures.names
    return (
        f"Painted through the encoder '{setting.encoder}' at {setting.size} pixels: photograph '{content}', "
        f"style {' and '.join(repr(style) for style in styles)}. {laboratory.judge.sentence}"
    )
