"""The experiments of the papers: each study makes a grid of cells, measures them and draws a figure.

A study is one short file in `impasto.lab.studies`. Names are loaded when first used, so that studies can be listed
without torch or matplotlib.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from impasto.lab.pictures import Pictures
    from impasto.lab.report import write_report
    from impasto.lab.row import Row, View
    from impasto.lab.run import CellDone, CellStarted, Finding, Laboratory, StudyDone, StudyEvent, run_study
    from impasto.lab.studies import STUDIES, find_study
    from impasto.lab.study import Cell, Setting, Study, Training
    from impasto.lab.work import AnyCell, Going, Made, Work

_HOMES = {
    "pictures": ("Pictures",),
    "report": ("write_report",),
    "row": ("Row", "View"),
    "run": ("CellDone", "CellStarted", "Finding", "Laboratory", "StudyDone", "StudyEvent", "run_study"),
    "studies": ("STUDIES", "find_study"),
    "study": ("Cell", "Setting", "Study", "Training"),
    "work": ("AnyCell", "Going", "Made", "Work"),
}
_WHERE = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "STUDIES",
    "AnyCell",
    "Cell",
    "CellDone",
    "CellStarted",
    "Finding",
    "Going",
    "Laboratory",
    "Made",
    "Pictures",
    "Row",
    "Setting",
    "Study",
    "StudyDone",
    "StudyEvent",
    "Training",
    "View",
    "Work",
    "find_study",
    "run_study",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(f"impasto.lab.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'impasto.lab' has no attribute '{name}'")
