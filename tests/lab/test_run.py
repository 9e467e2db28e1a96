"""Cells are painted once and reused, damaged ones are painted again, impossible ones become rows with a reason."""

from __future__ import annotations

import dataclasses
import json

import pytest

from impasto.lab import CellDone, PaintCell, Setting, StudyDone, run_study, write_report
from impasto.lab.row import CARD, PICTURE, TRACE
from impasto.lab.setting import LAYERS

from .conftest import SMALL, grid, noise


def go(study, laboratory, **how):
    """Run a study to its end and return its result."""
    for event in run_study(study, laboratory, **how):
        if isinstance(event, StudyDone):
            return event.result
    raise AssertionError


def test_a_cell_is_painted_once(laboratory) -> None:
    first = go(SMALL, laboratory)
    assert first.computed == 2
    again = go(SMALL, laboratory)
    assert again.computed == 0
    assert [row.values for row in again.rows] == [row.values for row in first.rows]
    assert go(SMALL, laboratory, fresh=True).computed == 2


def test_only_what_is_missing_is_painted(laboratory) -> None:
    rows = go(SMALL, laboratory).rows
    (rows[1].folder / CARD).unlink()
    assert go(SMALL, laboratory).computed == 1
    more = dataclasses.replace(
        SMALL, cells=lambda s: [*grid(s), PaintCell({"weight": 7}, {"content_weight": 7.0})]
    )
    assert go(more, laboratory).computed == 1


def test_a_run_that_is_closed_keeps_its_finished_cells(laboratory) -> None:
    run = run_study(SMALL, laboratory)
    for event in run:
        if isinstance(event, CellDone):
            break
    next(run)
    run.close()
    assert go(SMALL, laboratory).computed == 1


@pytest.mark.parametrize("name", [CARD, PICTURE, TRACE])
@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: data[:-3] + b"xyz", lambda _: b"[]"]
)
def test_a_damaged_cell_is_painted_again(laboratory, name: str, damage) -> None:
    rows = go(SMALL, laboratory).rows
    file = rows[0].folder / name
    file.write_bytes(damage(file.read_bytes()))
    again = go(SMALL, laboratory)
    assert again.computed == 1
    assert again.rows[0].values["SSIM"] == rows[0].values["SSIM"]


def test_other_pictures_measures_and_recipes_are_other_cells(laboratory) -> None:
    assert go(SMALL, laboratory).computed == 2
    photo = dataclasses.replace(laboratory.pictures, content=noise("photo", 24, 32, 9))
    style = dataclasses.replace(laboratory.pictures, styles=(noise("art", 24, 32, 9),))
    unused = dataclasses.replace(
        laboratory.pictures, styles=(laboratory.pictures.styles[0], noise("b", 24, 32, 9))
    )
    for pictures, expected in ((photo, 2), (style, 2), (unused, 0)):
        assert go(SMALL, dataclasses.replace(laboratory, pictures=pictures)).computed == expected
    assert go(dataclasses.replace(SMALL, measures=("ssim",)), laboratory).computed == 2
    setting = dataclasses.replace(laboratory.setting, most_steps=2)
    assert go(SMALL, dataclasses.replace(laboratory, setting=setting)).computed == 2


def test_what_cannot_be_painted_says_why(laboratory) -> None:
    def cells(setting: Setting) -> list[PaintCell]:
        return [
            grid(setting)[0],
            PaintCell({"weight": 1}, {"encoder": "vgg16"}),
            PaintCell({"weight": 2}, missing="Not available yet."),
            PaintCell({"weight": 3}, {"content_layers": {"relu9_9": 1.0}}),
            PaintCell({"weight": 4}, styles=(7,)),
        ]

    result = go(dataclasses.replace(SMALL, cells=cells), laboratory)
    assert result.computed == 1
    reasons = ["", "impasto weights fetch vgg16", "Not available yet.", "relu9_9", "style 8"]
    for row, reason in zip(result.rows, reasons, strict=True):
        assert reason in row.missing
        assert bool(row.missing) == bool(reason)
    report = write_report(result).read_text(encoding="utf-8")
    assert "## Missing" in report
    assert "impasto weights fetch vgg16" in report


def test_a_study_of_nothing_has_a_report_without_a_figure(laboratory) -> None:
    study = dataclasses.replace(SMALL, cells=lambda _: [PaintCell({"a": 1}, missing="Not here.")])
    report = write_report(go(study, laboratory))
    assert "Not here." in report.read_text(encoding="utf-8")
    assert not (report.parent / "figure.png").exists()


def test_the_course_of_a_run(laboratory) -> None:
    row = go(SMALL, laboratory).rows[0]
    trace = row.trace()
    assert [line["step"] for line in trace] == [1, 2, 3]
    assert [line["passes"] for line in trace] == [1, 2, 3]
    assert row["loss"] == pytest.approx(trace[-1]["loss"], rel=1e-5)
    terms = [name for name in trace[0] if name.startswith(("content/", "style/"))]
    assert {name.partition("/")[2] for name in terms} >= set(LAYERS[:4])
    assert row["steps"] == 3
    assert row.picture().shape == (24, 32, 3)


def test_lbfgs_takes_several_passes_a_step(laboratory) -> None:
    cell = PaintCell({"o": "lbfgs"}, {"optimizer": "lbfgs", "scales": ((32, 3),)})
    row = go(dataclasses.replace(SMALL, cells=lambda _: [cell]), laboratory).rows[0]
    assert row["passes"] > row["steps"] == 3


def test_data_and_recipes_are_written(laboratory) -> None:
    result = go(SMALL, laboratory)
    folder = write_report(result).parent
    data = json.loads((folder / "data.json").read_text(encoding="utf-8"))
    assert [row["recipe"]["content_weight"] for row in data["rows"]] == [0.1, 1.0]
    lines = (folder / "data.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("weight,SSIM,")
    assert len(lines) == 3
    for name in ("figure.png", "figure.svg"):
        before = (folder / name).read_bytes()
        write_report(result)
        assert (folder / name).read_bytes() == before
