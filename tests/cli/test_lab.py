"""The command ``impasto lab``: runs, resumes, can be interrupted, and reports what is missing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from impasto.lab import STUDIES

from .conftest import COMMAND, Cli

NAME = "style-reconstruction"
SMALL = (
    "--quick",
    "--encoder",
    "tiny",
    "--size",
    "32",
    "--steps",
    "2",
    "--content",
    "photo.png",
    "--style",
    "art.png",
)


@pytest.fixture(autouse=True)
def _not_shared(monkeypatch) -> None:
    monkeypatch.delenv("IMPASTO_SHARED", raising=False)


def test_list(cli: Cli) -> None:
    run = cli("lab", "list")
    assert run.code == 0
    for name in STUDIES:
        assert name in run.out


def test_listing_needs_no_torch(environment) -> None:
    code = "import sys; from impasto.cli.main import main; main(['lab', 'list']); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)


def test_a_run_writes_a_report_and_goes_on(cli: Cli, place: Path) -> None:
    run = cli("lab", "run", NAME, *SMALL, "--out", "out")
    assert run.code == 0, run.err
    assert run.out.splitlines() == [f"out/{NAME}/report.md"]
    assert run.err.count(": done") == 5
    assert "VGG-19 are not here" in run.err
    for name in ("figure.png", "figure.svg", "data.csv", "data.json", "report.md"):
        assert (place / "out" / NAME / name).stat().st_size > 0
    again = cli("lab", "run", NAME, *SMALL, "--out", "out")
    assert again.err.count(": reused") == 5
    fresh = cli("lab", "run", NAME, *SMALL, "--out", "out", "--fresh", "--quiet")
    assert fresh.err == ""


def test_without_matplotlib_it_is_one_sentence(cli: Cli, place: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    run = cli("lab", "run", NAME, *SMALL)
    assert run.code == 6
    assert "pip install 'impasto[lab]'" in run.err
    assert not (place / "impasto-lab").exists()


def test_without_photographs_a_plate_is_painted(cli: Cli, place: Path, monkeypatch) -> None:
    monkeypatch.setattr("impasto.cli.demo.find_spec", lambda _: None)
    run = cli("lab", "run", NAME, *SMALL[:7], "--out", "out")
    assert run.code == 0, run.err
    assert "content image 'points', style 'swirls'" in (place / "out" / NAME / "report.md").read_text(
        encoding="utf-8"
    )


def test_an_interrupted_run_keeps_what_is_finished(cli: Cli, place: Path, environment) -> None:
    words = ("lab", "run", NAME, *SMALL[:5], "--steps", "150", *SMALL[7:], "--out", "out")
    run = subprocess.Popen([*COMMAND, *words], env=environment, stderr=subprocess.PIPE, encoding="utf-8")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list((place / "out").rglob("cell.json")):
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    kept = len(list((place / "out").rglob("cell.json")))
    assert 1 <= kept < 5
    assert f"{kept} of 5 cells are finished" in err
    assert not list((place / "out").rglob(".impasto-*"))
    again = cli(*words)
    assert again.err.count(": reused") == kept
    assert again.err.count(": done") == 5 - kept
