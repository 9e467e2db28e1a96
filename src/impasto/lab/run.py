"""One study from its cells to its rows: what is on the disk is kept, what is missing is painted and measured."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from impasto.errors import ImpastoError
from impasto.lab.judge import Judge, choose_judge
from impasto.lab.measures import measure, see
from impasto.lab.paint import open_cell, paint, recipe_of
from impasto.lab.pictures import Pictures
from impasto.lab.row import Row
from impasto.lab.store import cell_name, read_cell, write_cell
from impasto.lab.study import Cell, Setting, Study
from impasto.lab.weights import fingerprint
from impasto.optimize.events import Event
from impasto.optimize.recipe import Recipe


@dataclass(frozen=True)
class Laboratory:
    """Where and from what studies are made: the setting, the pictures and the folder that gets a folder a study."""

    setting: Setting
    pictures: Pictures
    out: Path

    @cached_property
    def judge(self) -> Judge:
        """Who judges."""
        return choose_judge(self.setting)


@dataclass(frozen=True)
class CellStarted:
    """Cell ``index`` (from 0) of ``count`` is going to be painted."""

    index: int
    count: int
    cell: Cell


@dataclass(frozen=True)
class CellDone:
    """The row of cell ``index`` is there; ``kept`` says that it was finished before."""

    index: int
    count: int
    row: Row
    kept: bool


@dataclass(frozen=True)
class Finding:
    """A whole study: its rows, and how many of them were painted now."""

    study: Study
    laboratory: Laboratory
    rows: tuple[Row, ...]
    painted: int

    @property
    def folder(self) -> Path:
        """The study's own folder."""
        return self.laboratory.out / self.study.name


@dataclass(frozen=True)
class StudyDone:
    """The study is over."""

    finding: Finding


StudyEvent = CellStarted | CellDone | StudyDone | Event


def run_study(study: Study, laboratory: Laboratory, *, fresh: bool = False) -> Iterator[StudyEvent]:
    """Yield what happens until `StudyDone`; closing the generator loses only the cell that is being painted.

    A cell that cannot be painted becomes a row that says why; it is tried again next time. ``fresh`` forgets the
    cells on the disk first. Raises `OutputError` where cells cannot be written.
    """
    cells = study.cells(laboratory.setting)
    home = laboratory.out / study.name / "cells"
    if fresh and home.is_dir():
        shutil.rmtree(home)
    rows: list[Row] = []
    painted = 0
    for index, cell in enumerate(cells):
        found = _known(study, laboratory, cell, home)
        kept = isinstance(found, Row)
        if isinstance(found, Row):
            row = found
        else:
            yield CellStarted(index, len(cells), cell)
            row = yield from _paint(study, laboratory, cell, *found)
            painted += not row.missing
        rows.append(row)
        yield CellDone(index, len(cells), row, kept)
    yield StudyDone(Finding(study, laboratory, tuple(rows), painted))


def _known(study: Study, laboratory: Laboratory, cell: Cell, home: Path) -> Row | tuple[Recipe, Path]:
    """Return the row of a cell that is finished or impossible, else its recipe and its folder."""
    if cell.missing:
        return Row(cell.key, missing=cell.missing)
    there = len(laboratory.pictures.styles)
    if any(index >= there for index in cell.styles):
        return Row(
            cell.key,
            missing=f"It takes style {max(cell.styles) + 1}, but there are {there}; give more styles.",
        )
    try:
        recipe = recipe_of(cell, laboratory.setting)
        weights = None if recipe.weights is None else Path(recipe.weights)
        networks = (fingerprint(recipe.encoder, weights), laboratory.judge.fingerprint)
    except ImpastoError as error:
        return Row(cell.key, missing=str(error))
    folder = home / cell_name(cell, recipe, laboratory.pictures, study.measures, networks)
    return read_cell(folder) or (recipe, folder)


def _paint(
    study: Study, laboratory: Laboratory, cell: Cell, recipe: Recipe, folder: Path
) -> Generator[Event, None, Row]:
    """Paint, measure and write one cell; return its row."""
    pictures = laboratory.pictures
    try:
        job = open_cell(cell, recipe, pictures)
        painted = yield from paint(job)
        content = pictures.content.pixels if cell.content else None
        styles = [pictures.styles[index].pixels for index in cell.styles]
        sight = see(painted, content, styles, job.encoder, laboratory.judge.encoder)
        values = measure(study.measures, sight)
    except ImpastoError as error:
        return Row(cell.key, missing=str(error))
    return write_cell(folder, cell, recipe, painted, values)
