"""Curves as a picture and as events, or a sentence where a part is missing."""

from __future__ import annotations

import csv
import sys

import pytest
from PIL import Image

from impasto.errors import MissingExtraError
from impasto.training.curves import TensorBoardLog, parts, plot_history, smoothed, write_curve

HISTORY = [(10, {"loss": 2.0, "change": 0.0}), (20, {"loss": 1.0, "change": 0.1})]


def test_a_curve_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    assert plot_history(tmp_path / "c.png", HISTORY, "$any$")
    with Image.open(tmp_path / "c.png") as image:
        assert image.width > 300
    assert plot_history(tmp_path / "one.png", HISTORY[:1], "one")
    assert plot_history(tmp_path / "none.png", [], "none")
    steep = [(10, {"loss": 200.0}), (20, {"loss": 1.0, "learning_rate_factor": 0.5})]
    assert plot_history(tmp_path / "logarithmic.png", steep, "steep")


def test_without_matplotlib_nothing_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert not write_curve(tmp_path / "c.csv", tmp_path / "c.png", HISTORY, "any")
    assert [path.name for path in tmp_path.iterdir()] == ["c.csv"]


def test_the_table_has_a_row_for_each_log_line(tmp_path):
    history = [*HISTORY, (30, {"loss": 1 / 3, "change": 0.1, "late": 5.0})]
    write_curve(tmp_path / "c.csv", tmp_path / "c.png", history, "any")
    rows = list(csv.reader((tmp_path / "c.csv").read_text().splitlines()))
    assert rows == [
        ["step", "loss", "change", "late"],
        ["10", "2", "0", ""],
        ["20", "1", "0.1", ""],
        ["30", "0.333333", "0.1", "5"],
    ]


def test_parts_are_those_of_the_loss_that_can_be_seen_beside_it():
    figures = {"loss": 4.0, "content": 0.5, "style": 3.0, "outside": 0.01, "gradient": 9.0}
    history = [(10, figures), (20, {**figures, "content": 5.0, "learning_rate_factor": 1.0})]
    assert parts(history) == ["content", "style"]
    assert parts([]) == []


def test_smoothing_is_a_centred_mean():
    values = [float(value % 7) for value in range(100)]
    curve = smoothed(values)
    weights = [1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 7, 6, 5, 4, 3, 2, 1]
    wanted = sum(weight * value for weight, value in zip(weights, values[42:59], strict=True)) / 81
    assert curve[50] == pytest.approx(wanted)
    # A line stays one, and a few values are not changed.
    line = [float(value) for value in range(100)]
    assert smoothed(line)[8:-8] == pytest.approx(line[8:-8])
    assert smoothed([3.0, 1.0, 2.0]) == [3.0, 1.0, 2.0]


def test_events_need_tensorboard(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with TensorBoardLog(None) as log:
        log.add(*HISTORY[0])
    with pytest.raises(MissingExtraError, match=r"impasto\[train\]"):
        TensorBoardLog(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_events_are_written(tmp_path):
    pytest.importorskip("tensorboard")
    with TensorBoardLog(tmp_path) as log:
        for step, figures in HISTORY:
            log.add(step, figures)
    assert [path.name.startswith("events.out") for path in tmp_path.iterdir()] == [True]
