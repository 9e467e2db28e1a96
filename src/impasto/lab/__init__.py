"""The experiments of the papers: each study makes a grid of cells, measures them and draws a figure.

A study is one short file in `impasto.lab.studies`. Names are loaded when first used, so that studies can be listed
without torch or matplotlib.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto._lazy import lazy_exports

if TYPE_CHECKING:
    from impasto.lab.pictures import StudyPictures
    from impasto.lab.report import write_report
    from impasto.lab.row import FigureData, Row
    from impasto.lab.run import CellDone, CellStarted, Finding, Laboratory, StudyDone, StudyEvent, run_study
    from impasto.lab.studies import STUDIES, find_study
    from impasto.lab.study import FinetuneCell, PaintCell, Setting, Study
    from impasto.lab.work import AnyCell, Going, Made, Work


__all__ = [
    "STUDIES",
    "AnyCell",
    "CellDone",
    "CellStarted",
    "FigureData",
    "Finding",
    "FinetuneCell",
    "Going",
    "Laboratory",
    "Made",
    "PaintCell",
    "Row",
    "Setting",
    "Study",
    "StudyDone",
    "StudyEvent",
    "StudyPictures",
    "Work",
    "find_study",
    "run_study",
    "write_report",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "pictures": ("StudyPictures",),
        "report": ("write_report",),
        "row": ("Row", "FigureData"),
        "run": ("CellDone", "CellStarted", "Finding", "Laboratory", "StudyDone", "StudyEvent", "run_study"),
        "studies": ("STUDIES", "find_study"),
        "study": ("PaintCell", "Setting", "Study", "FinetuneCell"),
        "work": ("AnyCell", "Going", "Made", "Work"),
    },
)
