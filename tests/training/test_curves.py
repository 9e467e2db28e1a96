"""Curves as a picture and as events, or a sentence where a part is missing."""

from __future__ import annotations

import sys

import pytest
from PIL import Image

from impasto.errors import MissingExtraError
from impasto.training.curves import TensorBoardLog, plot_history

HISTORY = [(10, {"loss": 2.0, "change": 0.0}), (20, {"loss": 1.0, "change": 0.1})]


def test_a_curve_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    assert plot_history(tmp_path / "c.png", HISTORY)
    with Image.open(tmp_path / "c.png") as image:
        assert image.width > 300
    assert plot_history(tmp_path / "one.png", HISTORY[:1])
    assert plot_history(tmp_path / "none.png", [])


def test_without_matplotlib_nothing_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert not plot_history(tmp_path / "c.png", HISTORY)
    assert list(tmp_path.iterdir()) == []


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
