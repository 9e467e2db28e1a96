"""Stopping a run, by kill -9 and by Ctrl-C, and going on as if nothing had happened."""

from __future__ import annotations

import random
import shlex
import signal
import subprocess
import time
from pathlib import Path

import numpy
import pytest

from impasto.optimize.checkpoint import read_checkpoint

from .conftest import COMMAND, TINY, pixels, save_checkpoint

LONG = (
    "--encoder",
    "tiny",
    "--size",
    "32",
    "--scales",
    "16:20,32:250",
    "--precision",
    "float32",
    "--ema-decay",
    "0.9",
)

TILED = (*LONG[:2], "--size", "160", "--scales", "80:3,160:30", "--tile", "128", *LONG[6:])


def start(words: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start the command line; SIGINT reaches it even where the shell had it ignored."""
    return subprocess.Popen(
        [*COMMAND, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    """Wait until the running process has written a file."""
    end = time.monotonic() + 90
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)


def paint_whole(cli, place: Path, options: tuple[str, ...]) -> numpy.ndarray:
    """Return the picture of a run that nobody stopped."""
    assert cli("stylize", "photo.png", "art.png", *options, "--out", "whole.png", "-q").code == 0
    return pixels(place / "whole.png")


@pytest.fixture(scope="module")
def remembered() -> dict[tuple[str, ...], numpy.ndarray]:
    """The pictures of runs that nobody stopped, by their options."""
    return {}


@pytest.fixture
def whole(cli, place: Path, remembered) -> numpy.ndarray:
    if LONG not in remembered:
        remembered[LONG] = paint_whole(cli, place, LONG)
    return remembered[LONG]


@pytest.mark.parametrize(("options", "steps"), [(LONG, 270), (TILED, 33)], ids=["whole", "tiled"])
def test_a_killed_run_goes_on_bit_for_bit(cli, place: Path, whole, environment, options, steps) -> None:
    expected = whole if options == LONG else paint_whole(cli, place, options)
    words = ["stylize", "photo.png", "art.png", *options, "--out", "o.png"]
    process = start([*words, "--checkpoint", "c", "--checkpoint-seconds", "0"], environment)
    wait_for(place / "c", process)
    time.sleep(random.random() * 0.3)
    process.kill()
    process.communicate()
    assert not Path("o.png").exists()
    done = read_checkpoint(place / "c").state["steps_done"]
    assert 0 < done <= steps
    run = cli("stylize", "--resume", "c", "--out", "o.png")
    assert run.code == 0, run.err
    assert f"after step {done}" in run.err
    assert numpy.array_equal(pixels(place / "o.png"), expected)


@pytest.mark.parametrize(("name", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_saves_and_says_how_to_go_on(
    cli, place: Path, whole: numpy.ndarray, environment, name: signal.Signals, code: int
) -> None:
    words = ["stylize", "photo.png", "art.png", *LONG, "--timelapse", "t.webp", "--preview", "p.png"]
    process = start(words, environment)
    wait_for(place / "p.png", process)
    process.send_signal(name)
    _, said = process.communicate(timeout=90)
    assert process.returncode == code, said
    assert pixels(place / "photo-art.png").shape == (24, 32, 3)
    assert Path("t.webp").exists()
    lines = said.splitlines()
    assert "current picture: photo-art.png" in lines
    assert "checkpoint: photo-art.png.checkpoint" in lines
    command = shlex.split(next(line for line in lines if line.startswith("resume with: "))[13:])
    assert command[0] == "impasto"
    run = cli(*command[1:])
    assert run.code == 0, run.err
    assert run.out == "photo-art.png\n"
    assert numpy.array_equal(pixels(place / "photo-art.png"), whole)


def test_a_stop_among_several_says_what_is_left(cli, place: Path, environment) -> None:
    words = [
        "stylize",
        "photo.png",
        "art.png",
        "art2.png",
        "--style",
        "art.png",
        "--style",
        "art2.png",
        *LONG,
    ]
    process = start([*words, "--out-dir", "o", "--preview", "p.png"], environment)
    wait_for(place / "p.png", process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=90)
    assert process.returncode == 130, said
    line = next(line for line in said.splitlines() if "photographs are left" in line)
    rest = shlex.split(line.split("paint them with: ")[1])
    assert rest[-2:] == ["art.png", "art2.png"]
    run = cli(*rest[1:2], "--steps=2", *(word for word in rest[2:] if not word.startswith("--scales")))
    assert run.code == 0, run.err
    assert len(list(Path("o").glob("*.png"))) == 3


def test_a_second_ctrl_c_stops_at_once(place: Path, environment) -> None:
    words = [
        "stylize",
        "photo.png",
        "art.png",
        *LONG,
        "--steps",
        "100000",
        "--preview",
        "p.png",
        "--out",
        "o.png",
    ]
    slow = [COMMAND[0], "-c", SLOW_STEP, *words]
    process = subprocess.Popen(
        slow,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    wait_for(place / "p.png", process)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert said.rstrip().endswith("impasto: stopped.")
    assert not Path("o.png").exists()
    assert not list(place.glob(".impasto-*"))


SLOW_STEP = """
import os, sys, time
from impasto.cli.main import main
from impasto.optimize.objective import Objective
real = Objective.__call__
def slow(self, image, gains=None):
    if os.path.exists("p.png"):
        time.sleep(60)
    return real(self, image, gains)
Objective.__call__ = slow
sys.exit(main())
"""


def test_a_resumed_run_takes_no_other_settings(cli, place: Path) -> None:
    assert cli("stylize", "photo.png", "art.png", *TINY, "--out", "o.png").code == 0
    save_checkpoint(place / "c")
    other = cli("stylize", "--resume", "c", "--steps", "4", "--out", "q.png")
    assert other.code == 2
    assert "steps = 3, not 4" in other.err
    same = cli("stylize", "--resume", "c", "--steps", "3", "--out", "p.png")
    assert same.code == 0, same.err
    assert numpy.array_equal(pixels(place / "p.png"), pixels(place / "o.png"))
    assert not Path("c").exists()
