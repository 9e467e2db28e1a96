"""Cells computed one by one by workers are the cells of a run, and the run finds them."""

from __future__ import annotations

import dataclasses
import pickle

import pytest

from impasto.lab import PaintCell, StudyDone, run_study, spread

from .conftest import SMALL, grid


def result_of(study, laboratory):
    return next(event.result for event in run_study(study, laboratory) if isinstance(event, StudyDone))


def test_workers_compute_the_cells_of_a_run(laboratory, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    impossible = PaintCell({"weight": 9}, {"style_layers": {"relu9_9": 1.0}})
    study = dataclasses.replace(SMALL, cells=lambda s: [*grid(s), impossible])
    monkeypatch.setattr(spread, "find_study", {"small": study}.__getitem__)
    elsewhere = dataclasses.replace(laboratory, out=tmp_path / "elsewhere")
    assert spread.unfinished_cells(study, laboratory) == [0, 1, 2]
    compute = pickle.loads(pickle.dumps(spread.CellWork("small", laboratory)))()
    assert [compute(index) for index in (1, 0)] == [None, None]
    assert "relu9_9" in (compute(2) or "")
    assert compute(0) is None
    assert spread.unfinished_cells(study, laboratory) == [2]  # a later run tries it again
    found, expected = result_of(study, laboratory), result_of(study, elsewhere)
    assert (found.computed, expected.computed) == (0, 2)
    for one, other in zip(found.rows, expected.rows, strict=True):
        assert (one.key, one.missing) == (other.key, other.missing)
        assert {k: v for k, v in one.values.items() if k != "seconds"} == {
            k: v for k, v in other.values.items() if k != "seconds"
        }
