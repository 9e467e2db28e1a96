"""A laboratory with a tiny encoder, tiny pictures and no installed weights."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

from impasto.imaging import Picture, read_picture
from impasto.lab import Laboratory, PaintCell, Setting, Study, StudyPictures
from impasto.lab.figure import Panel, draw


@pytest.fixture(autouse=True)
def _one_thread(one_thread: None) -> None:
    """For every test here."""


@pytest.fixture(autouse=True)
def _no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPASTO_WEIGHTS_DIR", str(tmp_path / "no-weights"))
    monkeypatch.delenv("IMPASTO_SHARED", raising=False)


def noise(name: str, height: int, width: int, seed: int) -> Picture:
    """A picture of random pixels."""
    pixels = numpy.random.default_rng(seed).random((height, width, 3)).astype("float32")
    return Picture(read_picture(pixels).pixels, name=name)


@pytest.fixture
def laboratory(tmp_path: Path) -> Laboratory:
    pictures = StudyPictures(noise("photo", 24, 32, 0), tuple(noise(f"art{i}", 32, 32, i) for i in (1, 2, 3)))
    return Laboratory(Setting("tiny", quick=True, longest=32, most_steps=3), pictures, tmp_path / "out")


def grid(setting: Setting) -> list[PaintCell]:
    scales = ((setting.size, setting.steps(9, 5)),)
    return [PaintCell({"weight": w}, {"content_weight": w, "scales": scales}) for w in (0.1, 1.0)]


SMALL = Study(
    name="small",
    title="A small study",
    question="Does it run?",
    source="Nobody, nowhere",
    claim="Nothing.",
    cells=grid,
    measures=("ssim", "loss", "cost"),
    figure=lambda data: draw([[Panel(row.picture(), row.label) for row in data.rows]]),
    notes=lambda rows: [f"{len(rows)} pictures."],
)
