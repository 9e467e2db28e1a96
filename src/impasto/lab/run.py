"""Running one study: finished cells are read from disk, the others are computed."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from impasto.errors import ImpastoError
from impasto.lab.cells import Cell
from impasto.lab.laboratory import Laboratory
from impasto.lab.row import Row
from impasto.lab.store import cell_name, read_cell, write_cell
from impasto.lab.study import Study
from impasto.lab.work import CellProgress, Work
from impasto.lab.works import conditions_of, open_work


@dataclass(frozen=True)
class CellStarted:
    """Cell ``index`` (from 0) of ``count`` starts."""

    index: int
    count: int
    cell: Cell


@dataclass(frozen=True)
class CellDone:
    """Cell ``index`` is finished; ``reused`` if its result was on disk already."""

    index: int
    count: int
    row: Row
    reused: bool


@dataclass(frozen=True)
class StudyResult:
    """The rows of a finished study, how many of them this run computed, and under which conditions."""

    study: Study
    laboratory: Laboratory
    rows: tuple[Row, ...]
    computed: int
    conditions: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """The study's folder."""
        return self.laboratory.out / self.study.name


@dataclass(frozen=True)
class StudyDone:
    """The study is finished."""

    result: StudyResult


StudyEvent = CellStarted | CellDone | StudyDone | CellProgress


def run_study(study: Study, laboratory: Laboratory, *, fresh: bool = False) -> Iterator[StudyEvent]:
    """Yield events up to `StudyDone`; closing the generator loses only the cell that is running.

    A cell that cannot run becomes a row with the reason; the next run tries it again. ``fresh`` deletes the results
    on disk first. Raises `OutputError` if results cannot be written.
    """
    cells = study.cells(laboratory.setting)
    folder = laboratory.out / study.name / "cells"
    if fresh and folder.is_dir():
        shutil.rmtree(folder)
    rows: list[Row] = []
    computed = 0
    for index, cell in enumerate(cells):
        finished = finished_row(study, laboratory, cell, folder)
        reused = isinstance(finished, Row)
        if isinstance(finished, Row):
            row = finished
        else:
            yield CellStarted(index, len(cells), cell)
            row = yield from compute_row(cell, *finished)
            computed += not row.missing
        rows.append(row)
        yield CellDone(index, len(cells), row, reused)
    present = [cell for cell, row in zip(cells, rows, strict=True) if not row.missing]
    conditions = tuple(dict.fromkeys(conditions_of(cell, laboratory) for cell in present))
    yield StudyDone(StudyResult(study, laboratory, tuple(rows), computed, conditions))


def finished_row(study: Study, laboratory: Laboratory, cell: Cell, folder: Path) -> Row | tuple[Work, Path]:
    """Return the row of a cell that is finished or impossible, else its work and its folder."""
    if cell.missing:
        return Row(cell.key, missing=cell.missing)
    try:
        work = open_work(cell, study.measures, laboratory)
        cell_folder = folder / cell_name(work.identity)
    except ImpastoError as error:
        return Row(cell.key, missing=str(error))
    return read_cell(cell_folder) or (work, cell_folder)


def compute_row(cell: Cell, work: Work, folder: Path) -> Generator[CellProgress, None, Row]:
    """Run and write one cell; return its row."""
    try:
        result = yield from work.make()
    except ImpastoError as error:
        return Row(cell.key, missing=str(error))
    return write_cell(folder, cell.key, work.recipe, result)
