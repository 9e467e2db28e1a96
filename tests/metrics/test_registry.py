"""The registry of measures and the page that explains them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from impasto.metrics import MEASURES, MeasureEntry

PAGE = Path(__file__).resolve().parents[2] / "docs" / "judging.md"


def row(entry: MeasureEntry) -> str:
    """The row of docs/judging.md."""
    return f"| {entry.heading} | {entry.summary} | {entry.range} | {'yes' if entry.trained_on else 'no'} |"


@pytest.mark.parametrize("name", MEASURES)
def test_the_page_has_every_measure(name: str) -> None:
    assert row(MEASURES[name]) in PAGE.read_text(encoding="utf-8").splitlines()


def test_every_measure_is_a_function() -> None:
    for entry in MEASURES.values():
        assert callable(entry.load())
        assert entry.heading.strip()
    headings = [entry.heading for entry in MEASURES.values()]
    assert len(set(headings)) == len(headings)


def test_the_list_does_not_load_torch() -> None:
    program = "import sys; from impasto.metrics import MEASURES; print(len(MEASURES), 'torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    assert run.stdout.split() == [str(len(MEASURES)), "False"]
