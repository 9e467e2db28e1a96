"""Contact sheets: every picture is there, at its own size, and a grid has its rows and columns."""

from __future__ import annotations

import dataclasses

import numpy
import pytest
from matplotlib.figure import Figure
from PIL import Image

from impasto.imaging import read_picture
from impasto.lab import Row, write_report
from impasto.lab.contact_sheet import contact_sheet
from impasto.lab.figure import Panel, draw, save
from impasto.lab.row import PICTURE

from .conftest import SMALL
from .test_run import go


def texts(figure: Figure) -> list[str]:
    """The headings and labels of a figure."""
    return [text.get_text() for text in figure.texts]


@pytest.fixture
def rows(tmp_path):
    """Return rows with these keys, each with a picture of one grey, 300 pixels wide."""

    def make(*keys: dict[str, str | int | float]) -> list[Row]:
        made = []
        for index, key in enumerate(keys):
            folder = tmp_path / str(index)
            folder.mkdir()
            grey = numpy.full((150, 300, 3), 20 * index, numpy.uint8)
            Image.fromarray(grey).save(folder / PICTURE)
            made.append(Row(key, folder=folder))
        return made

    return make


def test_two_coordinates_are_a_grid_with_empty_places(rows, tmp_path) -> None:
    figure = contact_sheet(rows({"a": "x", "b": 1}, {"a": "x", "b": 0.5}, {"a": "y", "b": 0.5}))
    assert texts(figure) == ["b 1", "b 0.5", "x", "y"]
    assert len(figure.axes) == 3
    first, second, third = (axes.get_position() for axes in figure.axes)
    assert first.y0 == second.y0 > third.y0
    assert first.x0 < second.x0 == third.x0
    save(figure, tmp_path / "sheet", kinds=("png",))
    assert not (tmp_path / "sheet.svg").exists()
    pixels = read_picture(tmp_path / "sheet.png").pixels
    # The picture of grey 40 has its own size in the file: 300 x 150 pixels, but for the edges.
    area = int(((pixels[0] * 255).round() == 40).all(0).sum())
    assert area == pytest.approx(300 * 150, rel=0.02)


def test_other_coordinates_follow_one_another(rows) -> None:
    figure = contact_sheet(rows(*({"layer": f"relu{i}"} for i in range(8))))
    assert len(figure.axes) == 8
    assert [axes.get_xlabel() for axes in figure.axes] == [f"layer relu{i}" for i in range(8)]
    heights = [axes.get_position().y0 for axes in figure.axes]
    assert heights[:6] == [heights[0]] * 6
    assert heights[6] == heights[7] < heights[0]


def test_a_sparse_grid_follows_one_another(rows) -> None:
    figure = contact_sheet(rows(*({"a": i, "b": i} for i in range(3))))
    assert [axes.get_xlabel() for axes in figure.axes] == [f"a {i}, b {i}" for i in range(3)]


def test_one_picture_needs_no_sheet(rows) -> None:
    assert contact_sheet(rows({"a": 1})) is None
    assert contact_sheet([]) is None


def test_a_report_has_the_sheet_unless_the_study_has_no_use_for_it(laboratory) -> None:
    report = write_report(go(SMALL, laboratory))
    assert (report.parent / "contact-sheet.png").is_file()
    assert "](contact-sheet.png)" in report.read_text(encoding="utf-8")
    without = write_report(go(dataclasses.replace(SMALL, name="without", contact_sheet=False), laboratory))
    assert not (without.parent / "contact-sheet.png").exists()
    assert "contact-sheet" not in without.read_text(encoding="utf-8")


def test_a_panel_is_as_wide_as_asked() -> None:
    sheet = [[Panel(numpy.zeros((4, 8, 3), numpy.uint8)), None, Panel(numpy.zeros((4, 8, 3), numpy.uint8))]]
    figure = draw(sheet, width=3.0)
    first, last = (axes.get_window_extent() for axes in figure.axes)
    assert first.width == pytest.approx(3.0 * figure.dpi)
    assert last.x0 - first.x0 == pytest.approx(2 * (3.0 + 0.08) * figure.dpi)
