"""Repeated runs, reports as JSON, pictures from stdin and to stdout, and what a finished run leaves behind."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from PIL import Image

from impasto.cli import fast, paint_photographs
from impasto.cli.interrupt import Interrupted
from impasto.errors import PictureError, TooLargeError
from impasto.imaging import read_embedded_json

from .conftest import COMMAND, TINY, make_picture, pixels


@pytest.fixture
def photos(place: Path) -> Path:
    (place / "in").mkdir()
    for seed, name in enumerate("ab"):
        make_picture(place / "in" / f"{name}.png", 48, 36, seed)
    return place


MANNERS = {
    "optimised": ("--style", "art.png", *TINY),
    "one pass": ("--style", "art.png", "--fast", "--size", "32"),
}


@pytest.mark.parametrize("manner", MANNERS)
def test_a_folder_painted_twice_is_painted_once(cli, photos: Path, manner: str) -> None:
    words = ("stylize", "in", *MANNERS[manner], "--out-dir", "o")
    assert cli(*words).out == "o/a-art.png\no/b-art.png\n"
    again = cli(*words)
    assert (again.code, again.out) == (0, "")
    assert "2 " in again.err
    assert "--again" in again.err
    make_picture(photos / "in" / "c.png", 48, 36, 5)
    make_picture(photos / "in" / "a.png", 48, 36, 6)  # another picture of the same name
    assert cli(*words).out == "o/a-art-2.png\no/c-art.png\n"
    assert cli(*words).out == ""
    assert cli(*words, "--strength", "0.9").out == "o/a-art-3.png\no/b-art-2.png\no/c-art-2.png\n"
    assert cli(*words, "--again").out == "o/a-art-4.png\no/b-art-3.png\no/c-art-3.png\n"


def test_a_picture_painted_alone_counts_as_finished(cli, photos: Path) -> None:
    assert cli("stylize", "in/a.png", "art.png", "--out-dir", "o", *TINY).code == 0
    assert cli("stylize", "in", "--style", "art.png", "--out-dir", "o", *TINY).out == "o/b-art.png\n"
    # Asked for by name, a picture is painted again.
    assert cli("stylize", "in/a.png", "art.png", "--out-dir", "o", *TINY).out == "o/a-art-2.png\n"


def test_the_report_of_stylize_is_json(cli, photos: Path) -> None:
    (photos / "in" / "c.png").write_bytes(b"no picture")
    assert cli("stylize", "in/a.png", "art.png", *TINY, "--out-dir", "o").code == 0
    run = cli("stylize", "in", "--style", "art.png", *TINY, "--out-dir", "o", "--json")
    report = json.loads(run.out)
    assert (run.code, report["exit_code"], report["command"]) == (5, 5, "stylize")
    rows = {Path(row["content"]).name: row for row in report["pictures"]}
    assert {name: row["state"] for name, row in rows.items()} == {
        "a.png": "finished", "b.png": "painted", "c.png": "failed",
    }  # fmt: skip
    assert (rows["b.png"]["width"], rows["b.png"]["height"], rows["b.png"]["out"]) == (32, 24, "o/b-art.png")
    assert rows["c.png"]["error_kind"] == "PictureError"


def test_ctrl_c_names_what_failed_and_how_to_paint_the_rest_alike(cli, photos: Path, monkeypatch) -> None:
    def paint_one(request: paint_photographs.Request, content: Path, *_: object, **__: object) -> bool:
        if content.name == "a.png":
            raise PictureError("too damaged")
        raise Interrupted(2)

    monkeypatch.setattr(paint_photographs, "_paint_one", paint_one)
    make_picture(photos / "in" / "c.png", 48, 36, 5)
    words = ("--style", "art.png", *TINY, "--bits", "16", "--jpeg-quality", "50", "--no-sidecar", "--json")
    run = cli("stylize", "in", *words, "--out-dir", "o")
    assert (run.code, run.err.splitlines()[0]) == (130, "impasto: in/a.png: too damaged")
    assert [row["state"] for row in json.loads(run.out)["pictures"]] == ["failed"]
    rest = shlex.split(run.err.splitlines()[-1].partition("with: ")[2])
    assert rest[-2:] == ["--", "in/c.png"]
    assert {"--bits=16", "--jpeg-quality=50", "--no-sidecar", "--out-dir=o"} <= set(rest)


def test_a_photograph_that_is_too_large_for_one_pass_does_not_end_the_others(
    cli, photos: Path, monkeypatch
) -> None:
    def paint(job: object, content: Path, *_: object) -> None:
        if content.name == "a.png":
            raise TooLargeError("too large")

    monkeypatch.setattr(fast, "_paint", paint)
    run = cli("stylize", "in", *MANNERS["one pass"], "--out-dir", "o")
    assert (run.code, run.err.splitlines()[-1]) == (5, "impasto: in/a.png: too large")


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (3, "PictureError", ("stylize", "gone.png", "art.png")),
        (2, "RecipeError", ("stylize", "photo.png", "art.png", "--strength", "9")),
        (3, "PictureError", ("apply", "two-poplars", "gone.png")),
        (2, "RecipeError", ("batch", "photo.png")),
        (2, "RecipeError", ("batch", "photo.png", "--style", "art.png", "--out-dir", "o", "--bits", "0")),
        (2, "RecipeError", ("stylize", "photo.png", "art.png", "--fast", "--jpeg-quality", "0")),
    ],
)
def test_an_error_is_in_the_report_and_on_stderr(cli, place: Path, code: int, kind: str, words) -> None:
    run = cli(*words, "--json")
    report = json.loads(run.out)
    assert (run.code, report["exit_code"], report["error"]["kind"]) == (code, code, kind)
    assert run.err.strip() == f"impasto: {report['error']['message']}"


def test_the_report_of_apply_is_json(cli, photos: Path) -> None:
    (photos / "in" / "c.png").write_bytes(b"no picture")
    words = ("apply", "two-poplars", "in", "--size", "32", "--out", "o", "--json")
    states = {row["content"]: row["state"] for row in json.loads(cli(*words).out)["pictures"]}
    assert states == {"in/a.png": "painted", "in/b.png": "painted", "in/c.png": "failed"}
    run = cli(*words)
    assert [row["state"] for row in json.loads(run.out)["pictures"]] == ["finished", "finished", "failed"]


def piped(words: tuple[str, ...], data: bytes, environment) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *words], input=data, capture_output=True, env=environment, check=False)


def test_a_picture_goes_from_stdin_to_stdout(cli, place: Path, environment) -> None:
    assert cli("stylize", "photo.png", "art.png", *TINY, "--out", "o.png").code == 0
    data = Path("photo.png").read_bytes()
    run = piped(("stylize", "-", "art.png", *TINY, "--out", "-"), data, environment)
    assert run.returncode == 0, run.stderr
    with Image.open(io.BytesIO(run.stdout)) as image:
        assert (image.format, numpy.array_equal(numpy.asarray(image), pixels(place / "o.png"))) == (
            "PNG",
            True,
        )
    Path("p.png").write_bytes(run.stdout)
    stored = read_embedded_json("p.png")
    assert (stored["content"], stored["request"]) == ("stdin", read_embedded_json("o.png")["request"])
    assert sorted(p.name for p in place.glob("*stdin*")) == []


class Stdin:
    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)

    def isatty(self) -> bool:
        return False


def test_a_picture_from_stdin_is_named_after_it(cli, place: Path, monkeypatch) -> None:
    for words, name in (
        (("stylize", "-", "art.png", *TINY), "stdin-art.png"),
        (("stylize", "-", "art.png", "--fast", "--size", "32"), "stdin-art-2.png"),
        (("apply", "two-poplars", "-", "--size", "32"), "stdin-two-poplars.png"),
    ):
        monkeypatch.setattr(sys, "stdin", Stdin(Path("photo.png").read_bytes()))
        run = cli(*words)
        assert run.code == 0, run.err
        assert name in run.out or words[0] == "apply"
    assert read_embedded_json("stdin-art-2.png")["content"] == "stdin"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", ("stylize", "-", "art.png")),
        (b"no picture", ("stylize", "-", "art.png")),
        (b"x", ("stylize", "-", "-", "--style", "art.png")),
        (b"x", ("apply", "two-poplars", "-", "--out", "-", "--json")),
        (b"x", ("stylize", "photo.png", "art2.png", "--style", "art.png", "--out", "-")),
    ],
    ids=str,
)
def test_what_cannot_be_piped_is_refused(cli, place: Path, monkeypatch, data: bytes, words) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(data))
    run = cli(*words)
    assert run.code in (2, 3)
    assert len(run.err.splitlines()) == 1
    assert sorted(p.name for p in place.iterdir()) == ["art.png", "art2.png", "photo.png"]


def test_a_finished_run_leaves_no_checkpoint(cli, place: Path) -> None:
    words = ("stylize", "photo.png", "art.png", *TINY, "--out", "o.png")
    assert cli(*words, "--checkpoint", "c", "--checkpoint-seconds", "0").code == 0
    assert not Path("c").exists()
