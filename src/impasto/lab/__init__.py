"""The experiments of the papers: each study is a grid of cells with measures and a figure.

A study is one file in `impasto.lab.studies`. Names are imported when first used, so that studies can be listed
without torch or matplotlib.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto._lazy import lazy_exports

if TYPE_CHECKING:
    from impasto.lab.cells import Cell, FinetuneCell, OnePassCell, PaintCell
    from impasto.lab.laboratory import Laboratory
    from impasto.lab.pictures import StudyPictures
    from impasto.lab.report import write_report
    from impasto.lab.row import FigureData, Row
    from impasto.lab.run import CellDone, CellStarted, StudyDone, StudyEvent, StudyResult, run_study
    from impasto.lab.setting import Setting
    from impasto.lab.studies import STUDIES, find_study
    from impasto.lab.study import Study
    from impasto.lab.work import CellProgress, CellResult, Work


__all__ = [
    "STUDIES",
    "Cell",
    "CellDone",
    "CellProgress",
    "CellResult",
    "CellStarted",
    "FigureData",
    "FinetuneCell",
    "Laboratory",
    "OnePassCell",
    "PaintCell",
    "Row",
    "Setting",
    "Study",
    "StudyDone",
    "StudyEvent",
    "StudyPictures",
    "StudyResult",
    "Work",
    "find_study",
    "run_study",
    "write_report",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "cells": ("Cell", "FinetuneCell", "OnePassCell", "PaintCell"),
        "laboratory": ("Laboratory",),
        "pictures": ("StudyPictures",),
        "report": ("write_report",),
        "row": ("FigureData", "Row"),
        "run": ("CellDone", "CellStarted", "StudyDone", "StudyEvent", "StudyResult", "run_study"),
        "setting": ("Setting",),
        "studies": ("STUDIES", "find_study"),
        "study": ("Study",),
        "work": ("CellProgress", "CellResult", "Work"),
    },
)
