"""Small pictures, and the command line run in this process."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy
import pytest
from PIL import Image

from impasto.cli.main import main
from impasto.optimize import Painter, Stepped, make_recipe
from impasto.painting import open_job

TINY = ("--encoder", "tiny", "--size", "32", "--steps", "3", "--precision", "float32")


@dataclass(frozen=True)
class Run:
    """What a run of the command line left behind."""

    code: int
    out: str
    err: str


Cli = Callable[..., Run]


@pytest.fixture(autouse=True)
def _one_thread(one_thread: None) -> None:
    """For every test here, as in the subprocesses: sums are then the same."""


@pytest.fixture(autouse=True)
def _torch_paints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paint in torch, whatever is installed: graphs take seconds to build. Their own tests run the command line too."""
    for module in ("backends", "open_stylizer"):
        monkeypatch.setattr(f"impasto.feedforward.{module}.find_spec", lambda name: None)


@pytest.fixture(autouse=True)
def _curves_are_not_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write one pixel for every curve: rendering one takes longer than a training here. Tests of curves render them."""

    def save(figure: object, path: Path) -> bool:
        Image.new("RGB", (1, 1)).save(path)
        return True

    for module in ("training.curves", "encoder_training.finetune.plots"):
        monkeypatch.setattr(f"impasto.{module}.save_figure", save)


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Cli:
    """Run the command line with these words."""

    def run(*words: object) -> Run:
        capfd.readouterr()
        code = main([str(word) for word in words])
        out, err = capfd.readouterr()
        return Run(code, out, err)

    return run


def make_picture(path: Path, width: int, height: int, seed: int) -> Path:
    """Write a picture of soft coloured blotches."""
    rng = numpy.random.default_rng(seed)
    small = (rng.random((max(1, height // 6), max(1, width // 6), 3)) * 255).astype("uint8")
    Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC).save(path)
    return path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with photo.png, art.png and art2.png; no weights are anywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMPASTO_WEIGHTS_DIR", str(tmp_path.parent / "no-weights"))
    monkeypatch.delenv("IMPASTO_SHARED", raising=False)
    make_picture(tmp_path / "photo.png", 48, 36, 0)
    make_picture(tmp_path / "art.png", 40, 40, 1)
    make_picture(tmp_path / "art2.png", 36, 44, 2)
    return tmp_path


@pytest.fixture
def environment() -> dict[str, str]:
    """The environment of a subprocess that finds this impasto and computes as this process does."""
    source = str(Path(__file__).resolve().parents[2] / "src")
    return {**os.environ, "PYTHONPATH": source, "OMP_NUM_THREADS": "1"}


def save_checkpoint(path: Path) -> None:
    """Write the checkpoint of photo.png in art.png with the settings `TINY`, after one of three steps."""
    job = open_job(
        make_recipe(encoder="tiny", size=32, steps=3, precision="float32"), "photo.png", ["art.png"]
    )
    painter = Painter(job)
    for event in painter.events():
        if isinstance(event, Stepped):
            break
    painter.save_checkpoint(path)


COMMAND = [sys.executable, "-c", "import sys; from impasto.cli.main import main; sys.exit(main())"]


def pixels(path: Path) -> numpy.ndarray:
    """Return a picture's values."""
    with Image.open(path) as image:
        return numpy.asarray(image).copy()
