"""Painting from the terminal: which pictures, where they go, what is beside them, and replays."""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import pytest
from PIL import Image

from impasto.cli.naming import free, target
from impasto.cli.watch import MAX_FRAMES, Timelapse, frame_steps
from impasto.errors import OutputError
from impasto.imaging import read_embedded_json

from .conftest import TINY, make_picture, pixels


def test_two_positionals_make_a_named_picture(cli, place: Path) -> None:
    run = cli("stylize", "photo.png", "art.png", *TINY)
    assert run.code == 0, run.err
    assert run.out == "photo-art.png\n"
    with Image.open("photo-art.png") as image:
        assert image.size == (32, 24)
    assert not numpy.array_equal(
        pixels(place / "photo-art.png"), numpy.asarray(Image.open("photo.png").resize((32, 24)))
    )


def test_an_unnamed_output_is_never_overwritten(cli, place: Path) -> None:
    Path("photo-art.png").write_bytes(b"mine")
    Path("photo-art-2.png.json").write_bytes(b"mine, too")
    run = cli("stylize", "photo.png", "art.png", *TINY, "-q")
    assert (run.code, run.out, run.err) == (0, "", "")
    assert Path("photo-art.png").read_bytes() == b"mine"
    assert Path("photo-art-2.png.json").read_bytes() == b"mine, too"
    assert Path("photo-art-3.png").exists()


def test_a_named_output_is_overwritten_and_described(cli, place: Path) -> None:
    Path("out.tiff").write_bytes(b"old")
    run = cli("stylize", "photo.png", "art.png", *TINY, "--out", "out.tiff", "--bits", "16", "--seed", "5")
    assert run.code == 0, run.err
    recipe = read_embedded_json("out.tiff")
    assert recipe["recipe"]["seed"] == 5
    assert recipe == json.loads(Path("out.tiff.json").read_text())
    assert recipe["content"] == str(place / "photo.png")


def test_the_sidecar_can_be_left_out(cli, place: Path) -> None:
    assert (
        cli(
            "stylize", "photo.png", "art.png", *TINY, "--no-sidecar", "--out", "o.jpg", "--jpeg-quality", "50"
        ).code
        == 0
    )
    assert not Path("o.jpg.json").exists()


def test_several_styles_are_blended(cli, place: Path) -> None:
    for name, words in {
        "a": ["--style", "art.png"],
        "b": ["--style", "art2.png"],
        "ab": ["--style", "art.png", "--style", "art2.png"],
    }.items():
        assert cli("stylize", "photo.png", *words, *TINY, "--out", f"{name}.png").code == 0
    a, b, ab = (pixels(place / f"{name}.png") for name in ("a", "b", "ab"))
    assert not numpy.array_equal(ab, a)
    assert not numpy.array_equal(ab, b)
    assert len(read_embedded_json("ab.png")["styles"]) == 2
    assert (
        cli("stylize", "photo.png", "--style", "art.png", "--style", "art2.png", *TINY).out
        == "photo-art-art2.png\n"
    )


def test_a_folder_is_painted_whole_and_a_bad_file_reported_at_the_end(cli, place: Path) -> None:
    Path("in").mkdir()
    make_picture(Path("in/a.png"), 40, 30, 3)
    Path("in/b.png").write_bytes(b"not a picture")
    make_picture(Path("in/c.jpg"), 30, 40, 4)
    run = cli("stylize", "in", "--style", "art.png", *TINY, "--out-dir", "new/out")
    assert run.code == 5
    assert sorted(p.name for p in Path("new/out").glob("*.png")) == ["a-art.png", "c-art.png"]
    last = run.err.strip().splitlines()
    assert last[-1].startswith("impasto: in/b.png: ")
    assert "2 of 3" in last[-2]
    assert "Traceback" not in run.err


def test_pictures_painted_together_are_those_painted_alone(cli, place: Path) -> None:
    make_picture(place / "other.png", 40, 30, 3)
    assert cli("stylize", "photo.png", "other.png", "art.png", *TINY, "--out-dir", "o").code == 0
    assert cli("stylize", "other.png", "art.png", *TINY, "--out", "alone.png").code == 0
    assert numpy.array_equal(pixels(place / "o/other-art.png"), pixels(place / "alone.png"))


@pytest.mark.parametrize("source", ["first.png", "first.png.json"])
def test_a_replay_is_equal_bit_for_bit(cli, place: Path, source: str) -> None:
    words = ["--style-loss", "sliced", "--start", "noise", "--seed", "3", "--content-layers", "relu3_1:.5"]
    assert cli("stylize", "photo.png", "art.png", *TINY, *words, "--out", "first.png").code == 0
    run = cli("stylize", "--from", source, "--out", "again.png")
    assert run.code == 0, run.err
    assert Path("again.png").read_bytes() == Path("first.png").read_bytes()


def test_a_replay_takes_other_pictures_and_settings(cli, place: Path) -> None:
    assert cli("stylize", "photo.png", "art.png", *TINY, "--out", "first.png").code == 0
    make_picture(place / "other.png", 40, 30, 3)
    assert cli("stylize", "other.png", "--from", "first.png", "--steps", "2", "--out", "second.png").code == 0
    assert cli("stylize", "other.png", "art.png", *TINY, "--steps", "2", "--out", "plain.png").code == 0
    assert numpy.array_equal(pixels(place / "second.png"), pixels(place / "plain.png"))
    assert cli("stylize", "--style", "art2.png", "--from", "first.png", "--out", "third.png").code == 0
    assert read_embedded_json("third.png")["styles"] == [str(place / "art2.png")]


@pytest.mark.parametrize(
    "words",
    [("--quality", "draft"), ("--content-weight", "2"), ("--optimizer", "lbfgs"), ("--start", "noise")],
)
def test_a_replay_with_a_setting_is_a_run_with_that_setting(cli, place: Path, words: tuple[str, ...]) -> None:
    settings = ("--encoder", "tiny", "--size", "32", "--precision", "float32")
    first = ("--steps", "1", "--start-picture", "art.png") if "--start" in words else ("--steps", "1")
    assert cli("stylize", "photo.png", "art.png", *settings, *first, "--out", "first.png").code == 0
    assert cli("stylize", "--from", "first.png", *words, "--out", "second.png").code == 0
    assert (
        cli("stylize", "photo.png", "art.png", *settings, "--steps", "1", *words, "--out", "plain.png").code
        == 0
    )
    assert read_embedded_json("second.png") == read_embedded_json("plain.png")


def test_a_replay_finds_pictures_that_moved_along(cli, place: Path) -> None:
    Path("here").mkdir()
    for name in ("photo.png", "art.png"):
        Path(name).rename(f"here/{name}")
    assert cli("stylize", "here/photo.png", "here/art.png", *TINY, "--out", "here/first.png").code == 0
    Path("here").rename("there")
    assert cli("stylize", "--from", "there/first.png", "--out", "again.png").code == 0
    assert numpy.array_equal(pixels(place / "again.png"), pixels(place / "there/first.png"))


def test_a_texture_is_replayed(cli, place: Path) -> None:
    assert cli("texture", "art.png", *TINY, "--aspect", "2:1", "--out", "t.png").code == 0
    assert cli("stylize", "--from", "t.png", "--out", "u.png").code == 0
    assert Path("u.png").read_bytes() == Path("t.png").read_bytes()


def test_preview_and_timelapse(cli, place: Path) -> None:
    run = cli(
        "stylize",
        "photo.png",
        "art.png",
        *TINY,
        "--preview",
        "p.png",
        "--timelapse",
        "t.webp",
        "--out",
        "o.png",
    )
    assert run.code == 0, run.err
    assert numpy.array_equal(pixels(place / "p.png"), pixels(place / "o.png"))
    with Image.open("t.webp") as animation:
        assert 1 < animation.n_frames <= 4  # the format joins frames that look the same
        assert animation.size == (32, 24)


def test_an_animation_that_cannot_be_written_does_not_cost_the_picture(cli, place: Path, monkeypatch) -> None:
    def full(self: Timelapse) -> None:
        raise OutputError("'t.webp' could not be written (No space left on device).")

    monkeypatch.setattr(Timelapse, "write", full)
    run = cli("stylize", "photo.png", "art.png", *TINY, "--timelapse", "t.webp", "--out", "o.png")
    assert (run.code, "No space left" in run.err) == (3, True)
    assert pixels(place / "o.png").shape == (24, 32, 3)


@pytest.mark.parametrize(("first", "last"), [(0, 3), (0, 100_000), (90, 100), (5, 5)])
def test_frames_are_few_and_farther_and_farther_apart(first: int, last: int) -> None:
    steps = sorted(frame_steps(first, last))
    assert len(steps) < MAX_FRAMES
    assert steps == [] if first == last else steps[-1] == last
    assert all(first < step <= last for step in steps)
    gaps = numpy.diff([first, *steps])
    assert numpy.all(numpy.diff(gaps) >= -1)


def test_progress_off_a_terminal_is_plain_lines(cli, place: Path) -> None:
    run = cli("stylize", "photo.png", "art.png", *TINY, "--scales", "16:1,32:2")
    lines = run.err.splitlines()
    assert "2 scales, 3 steps" in lines[0]
    assert lines[1].startswith("scale 1/2 16x16: step 1/1, loss ")
    assert lines[-1].startswith("scale 2/2 32x24: step 2/2, loss ")
    assert "\x1b" not in run.err


def test_progress_on_a_terminal_is_a_bar(place: Path, monkeypatch, capsys) -> None:
    from impasto.cli.main import main

    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    assert main(["stylize", "photo.png", "art.png", *TINY, "--scales", "16:1,32:2"]) == 0
    said = capsys.readouterr().err
    assert "scale 2/2 32x24" in said
    assert "3/3" in said


MIXED = (
    "stylize",
    "photo.png",
    "--style",
    "art.png",
    "--style",
    "art2.png",
    *TINY,
    "--mix",
    "0.3",
    "--out",
    "o.png",
)


def test_balancing_is_said_in_a_line(cli, place: Path) -> None:
    lines = cli(*MIXED).err.splitlines()
    said = [line for line in lines if line.startswith("balancing styles ")]
    assert len(said) == 1
    first, second = read_embedded_json("o.png")["sigmas"]
    assert said[0] == f"balancing styles 3/3: {first:g}, {second:.3g}"


def test_balancing_is_named_at_the_bar(place: Path, monkeypatch) -> None:
    from rich.progress import Progress

    from impasto.cli.main import main

    named: list[str] = []
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr(
        Progress, "update", lambda self, task, **fields: named.append(fields.get("scale", ""))
    )
    assert main([*MIXED]) == 0
    assert named[:4] == [*(f"balancing styles {step}/3" for step in (1, 2, 3)), "scale 1/1 32x24"]


def test_a_recovery_is_said(cli, place: Path, monkeypatch) -> None:
    from impasto.optimize.objective import Objective

    calls, real = [], Objective.__call__

    def once_wrong(self, image, gains=None):
        calls.append(1)
        loss, parts = real(self, image, gains)
        return (loss * float("nan") if len(calls) == 3 else loss), parts

    monkeypatch.setattr(Objective, "__call__", once_wrong)
    run = cli("stylize", "photo.png", "art.png", *TINY)
    assert run.code == 0, run.err
    assert run.err.count("impasto: note: The optimisation diverged") == 1


def test_names(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "a-2.png.checkpoint").touch()
    assert free(tmp_path / "a.png") == tmp_path / "a-3.png"
    assert free(tmp_path / "b.png") == tmp_path / "b.png"
    long = target(None, tmp_path, ["ä" * 250, "b"]).path
    long.touch()
    long.with_name(f"{long.name}.checkpoint").touch()


def test_an_animated_gif_and_one_pixel_are_pictures(cli, place: Path) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save("moving.gif", save_all=True, append_images=frames[1:])
    Image.new("RGB", (1, 1), "green").save("dot.png")
    assert cli("stylize", "moving.gif", "dot.png", *TINY, "--out", "o.png").code == 0
    assert cli("stylize", "dot.png", "moving.gif", *TINY, "--out", "o.png").code == 0
