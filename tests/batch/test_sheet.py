"""The contact sheet: every picture at its place, labels, and grey for what is missing."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from PIL import Image

from impasto.batch import BatchItem, BatchRow, Variation, product_items, write_sheet
from impasto.batch.sheet import MISSING, _axes, check_sheet
from impasto.errors import ImpastoError, OutputError

COLOURS = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0), (0, 250, 250), (250, 0, 250)]


def test_the_last_setting_goes_across_and_everything_else_down() -> None:
    variations = [Variation("strength", ("0.2", "1")), Variation("seed", ("0", "1", "2"))]
    axes = _axes(product_items(["a.png"], ["x.png", "y.png"], variations))
    assert axes.columns == ["seed 0", "seed 1", "seed 2"]
    assert axes.rows == ["x, strength 0.2", "x, strength 1", "y, strength 0.2", "y, strength 1"]
    assert axes.cells[3, 2] == 11


def test_pictures_alone_follow_one_another() -> None:
    axes = _axes(product_items([f"{i}.png" for i in range(5)], ["x.png"]))
    assert (axes.rows, axes.columns) == (["", ""], ["", "", ""])
    assert axes.cells == {(0, 0): 0, (0, 1): 1, (0, 2): 2, (1, 0): 3, (1, 1): 4}


def test_every_picture_is_at_its_place(tmp_path: Path) -> None:
    items = product_items(["a.png"], ["x.png", "y.png"], [Variation("seed", ("0", "1", "2"))])
    rows = []
    for index, (item, colour) in enumerate(zip(items, COLOURS, strict=True)):
        Image.new("RGB", (60, 40), colour).save(tmp_path / f"{item.id}.png")
        state = "failed" if index == 4 else "painted"
        rows.append(BatchRow(item.id, state, item.content, item.styles, str(tmp_path / f"{item.id}.png")))
    sheet = numpy.asarray(Image.open(write_sheet(tmp_path / "sheet.png", items, rows)).convert("RGB"))
    for index, colour in enumerate(COLOURS):
        count = int((sheet == colour).all(axis=2).sum())
        assert count == (0 if index == 4 else 60 * 40)
    assert (sheet == MISSING).all(axis=2).sum() > 60 * 40 / 2
    centres = [
        numpy.argwhere((sheet == colour).all(axis=2)).mean(axis=0) for colour in (*COLOURS[:4], COLOURS[5])
    ]
    assert centres[0][0] == centres[1][0] < centres[3][0] == centres[4][0]
    assert centres[0][1] == centres[3][1] < centres[1][1] < centres[2][1] == centres[4][1]


@pytest.mark.parametrize(("name", "count"), [("s.tiff", 4), ("s", 4), ("gone/s.png", 4), ("s.png", 1001)])
def test_a_sheet_that_cannot_be_written_is_refused(tmp_path: Path, name: str, count: int) -> None:
    with pytest.raises(ImpastoError):
        check_sheet(tmp_path / name, count)


def test_rows_of_a_manifest_that_differ_in_settings_alone_all_have_a_cell() -> None:
    items = [
        BatchItem(f"{content}-{style}-{seed}", f"{content}.png", (f"{style}.png",), {"seed": seed})
        for content in "ab"
        for style in "xy"
        for seed in (0, 1)
    ]
    assert sorted(_axes(items).cells.values()) == list(range(8))


def test_a_manifest_with_a_style_for_each_picture_is_no_empty_square() -> None:
    axes = _axes([BatchItem(str(i), f"{i}.png", (f"style-{i}.png",)) for i in range(100)])
    assert (len(axes.rows), len(axes.columns)) == (10, 10)
    assert sorted(axes.cells.values()) == list(range(100))


def test_a_sheet_that_its_format_does_not_hold_is_an_error_in_one_sentence(tmp_path: Path) -> None:
    items = product_items([f"{i}.png" for i in range(60)], ["x.png", "y.png"])
    rows = [BatchRow(item.id, "failed", item.content, item.styles, "") for item in items]
    with pytest.raises(OutputError, match=r"give --sheet a \.png file"):
        write_sheet(tmp_path / "sheet.webp", items, rows)
    assert not list(tmp_path.iterdir())
