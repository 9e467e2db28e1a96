"""Definition of a study: a question, its source, a grid of cells, measures and a figure.

Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from impasto.lab.cells import Cell
from impasto.lab.setting import FULL_SIZE, Setting

if TYPE_CHECKING:
    from impasto.lab.figure import Figure
    from impasto.lab.row import FigureData, Row


@dataclass(frozen=True)
class Study:
    """One experiment of a paper.

    Attributes:
        name: name on the command line.
        title: title of the report.
        question: the question in one sentence.
        source: the paper or book, with the section or figure.
        claim: what the source found.
        cells: returns the grid of cells for a setting.
        measures: names of `impasto.lab.measures.MEASURES`.
        figure: draws the figure.
        notes: returns one sentence per finding; it receives only rows that have a result.
        columns: values shown in the report's table; all if empty.
        styles: number of style images the study needs.
        differs: what is done differently from the source.
        full_size: longer side of the pictures in a full run.
        contact_sheet: whether the report has a contact sheet of the cells' pictures.
    """

    name: str
    title: str
    question: str
    source: str
    claim: str
    cells: Callable[[Setting], Sequence[Cell]]
    measures: tuple[str, ...]
    figure: Callable[[FigureData], Figure]
    notes: Callable[[Sequence[Row]], Sequence[str]] = lambda _: ()
    columns: tuple[str, ...] = ()
    styles: int = 1
    differs: str = ""
    full_size: int = FULL_SIZE
    contact_sheet: bool = True

    def adjust(self, setting: Setting) -> Setting:
        """Return ``setting`` with ``full_size``, unless the run is quick or a size was given."""
        if setting.quick or setting.longest is not None or self.full_size == FULL_SIZE:
            return setting
        return replace(setting, longest=self.full_size)
