"""``impasto stylize --cluster``: the picture of one process, and sentences for what cannot be."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy
import pytest

from ..cluster.played_ray import Ray, play
from .conftest import Cli, pixels

WORDS = (
    "stylize",
    "photo.png",
    "art.png",
    "--encoder",
    "tiny",
    "--precision",
    "float32",
    "--start",
    "content",
)


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Ray:
    """A cluster of two workers in this process."""
    return play(monkeypatch)


def test_the_picture_is_that_of_one_process(cli: Cli, place: Path, played: Ray) -> None:
    words = (*WORDS, "--size", "200", "--steps", "3", "--tile", "128")
    assert cli(*words, "-o", "here.png").code == 0
    run = cli(*words, "-o", "there.png", "--cluster", "local", "--workers", "2")
    assert run.code == 0, run.err
    assert "Ray has 2 CPUs" in run.err
    assert len(played.actors) == 2
    assert all(actor.dead for actor in played.actors)
    here, there = (pixels(place / name).astype(int) for name in ("here.png", "there.png"))
    assert numpy.abs(here - there).max() <= 1


def test_a_small_picture_is_painted_here_and_that_is_said(cli: Cli, place: Path, played: Ray) -> None:
    run = cli(*WORDS, "--size", "64", "--steps", "2", "-o", "small.png", "--cluster", "local")
    assert run.code == 0
    assert "no tiles of 1024 pixels" in run.err
    assert not played.actors


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--cluster", "nope"), "'nope' is not the address of a cluster"),
        (("--cluster", "127.0.0.1:1"), "No Ray cluster answers at '127.0.0.1:1'"),
        (("--cluster", "local", "--fast"), "leave it out"),
        (("--workers", "2"), "--workers is for --cluster"),
    ],
)
def test_what_cannot_be_is_one_sentence(cli: Cli, place: Path, words: tuple[str, ...], sentence: str) -> None:
    pytest.importorskip("ray")
    run = cli(*WORDS, "--size", "64", "-o", "none.png", *words)
    assert run.code == 2
    assert sentence in run.err
    assert not (place / "none.png").exists()


def test_a_loss_that_has_no_tiles_is_refused(cli: Cli, place: Path, played: Ray) -> None:
    run = cli(*WORDS, "--size", "64", "--style-loss", "sliced", "--cluster", "local")
    assert run.code == 2
    assert "cannot be painted in tiles" in run.err


def test_without_ray_the_install_command_is_named(cli: Cli, place: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    run = cli(*WORDS, "--size", "64", "--cluster", "local")
    assert run.code == 6
    assert "pip install 'impasto[cluster]'" in run.err
