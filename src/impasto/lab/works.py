"""From a cell to its work: the one place that knows every kind of cell."""

from __future__ import annotations

from collections.abc import Sequence

from impasto.lab.cells import Cell, FinetuneCell, OnePassCell, PaintCell
from impasto.lab.laboratory import Laboratory
from impasto.lab.one_pass_cell import one_pass_conditions, open_one_pass
from impasto.lab.painted_cell import open_painting, painting_conditions
from impasto.lab.trained_cell import open_training, training_conditions
from impasto.lab.work import Work


def open_work(cell: Cell, measures: Sequence[str], laboratory: Laboratory) -> Work:
    """Return the work of a cell; raises `ImpastoError` if it cannot run here.

    ``measures`` apply to painted cells; trainings and one-pass networks report values of their own.
    """
    match cell:
        case PaintCell():
            return open_painting(cell, measures, laboratory)
        case FinetuneCell():
            return open_training(cell, laboratory)
        case OnePassCell():
            return open_one_pass(cell, laboratory)


def conditions_of(cell: Cell, laboratory: Laboratory) -> str:
    """Return the conditions under which a cell runs (encoder, pictures, judge), as sentences for the report."""
    match cell:
        case PaintCell():
            return painting_conditions(laboratory)
        case FinetuneCell():
            return training_conditions(cell, laboratory)
        case OnePassCell():
            return one_pass_conditions(laboratory)
