"""Cells of a study one by one, for workers that compute several at the same time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from impasto.lab.laboratory import Laboratory
from impasto.lab.row import Row
from impasto.lab.run import compute_row, finished_row
from impasto.lab.studies import find_study
from impasto.lab.study import Study


def unfinished_cells(study: Study, laboratory: Laboratory) -> list[int]:
    """Return the indices of the cells that `run_study` would compute."""
    folder = laboratory.out / study.name / "cells"
    cells = study.cells(laboratory.setting)
    return [
        index
        for index, cell in enumerate(cells)
        if not isinstance(finished_row(study, laboratory, cell, folder), Row)
    ]


@dataclass(frozen=True)
class CellWork:
    """What a worker does: compute cells of a study, whose results go into the study's folder."""

    study: str
    laboratory: Laboratory

    def __call__(self) -> Callable[[int], str | None]:
        """Return the function that computes a cell by its index and returns why it cannot, or None."""
        study, laboratory = find_study(self.study), self.laboratory
        folder = laboratory.out / study.name / "cells"

        def compute(index: int) -> str | None:
            cell = study.cells(laboratory.setting)[index]
            finished = finished_row(study, laboratory, cell, folder)
            if isinstance(finished, Row):
                return finished.missing or None
            steps = compute_row(cell, *finished)
            while True:
                try:
                    next(steps)
                except StopIteration as end:
                    return end.value.missing or None

        return compute
