"""One study from its cells to its rows: what is on the disk is kept, what is missing is made."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from impasto.errors import ImpastoError
from impasto.lab.judge import Judge, choose_judge
from impasto.lab.pictures import StudyPictures
from impasto.lab.row import Row
from impasto.lab.store import cell_name, read_cell, write_cell
from impasto.lab.study import Setting, Study
from impasto.lab.work import AnyCell, Going, Work


@dataclass(frozen=True)
class Laboratory:
    """Where and from what studies are made: the setting, the pictures and the folder that gets a folder a study."""

    setting: Setting
    pictures: StudyPictures
    out: Path

    @cached_property
    def judge(self) -> Judge:
        """Who judges."""
        return choose_judge(self.setting)


@dataclass(frozen=True)
class CellStarted:
    """Cell ``index`` (from 0) of ``count`` is going to be made."""

    index: int
    count: int
    cell: AnyCell


@dataclass(frozen=True)
class CellDone:
    """The row of cell ``index`` is there; ``kept`` says that it was finished before."""

    index: int
    count: int
    row: Row
    kept: bool


@dataclass(frozen=True)
class Finding:
    """A whole study: its rows, how many of them were made now, and under which conditions."""

    study: Study
    laboratory: Laboratory
    rows: tuple[Row, ...]
    painted: int
    conditions: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """The study's own folder."""
        return self.laboratory.out / self.study.name


@dataclass(frozen=True)
class StudyDone:
    """The study is over."""

    finding: Finding


StudyEvent = CellStarted | CellDone | StudyDone | Going


def run_study(study: Study, laboratory: Laboratory, *, fresh: bool = False) -> Iterator[StudyEvent]:
    """Yield what happens until `StudyDone`; closing the generator loses only the cell that is being made.

    A cell that cannot be made becomes a row that says why; it is tried again next time. ``fresh`` forgets the
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
            row = yield from _make(cell, *found)
            painted += not row.missing
        rows.append(row)
        yield CellDone(index, len(cells), row, kept)
    there = [cell for cell, row in zip(cells, rows, strict=True) if not row.missing]
    conditions = tuple(dict.fromkeys(cell.conditions(laboratory) for cell in there))
    yield StudyDone(Finding(study, laboratory, tuple(rows), painted, conditions))


def _known(study: Study, laboratory: Laboratory, cell: AnyCell, home: Path) -> Row | tuple[Work, Path]:
    """Return the row of a cell that is finished or impossible, else its work and its folder."""
    if cell.missing:
        return Row(cell.key, missing=cell.missing)
    try:
        work = cell.open(study, laboratory)
        folder = home / cell_name(work.identity)
    except ImpastoError as error:
        return Row(cell.key, missing=str(error))
    return read_cell(folder) or (work, folder)


def _make(cell: AnyCell, work: Work, folder: Path) -> Generator[Going, None, Row]:
    """Make and write one cell; return its row."""
    try:
        made = yield from work.make()
    except ImpastoError as error:
        return Row(cell.key, missing=str(error))
    return write_cell(folder, cell.key, work.recipe, made)
