"""Batches from the terminal: rows, resuming, watching, configuration, exit codes."""

from __future__ import annotations

import csv
import json
import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy
import pytest

from impasto.batch import BatchItem, BatchRow
from impasto.cli import batch as command
from impasto.cli.batch_options import BatchOptions, _completed
from impasto.cli.batch_progress import BatchProgress
from impasto.cli.interrupt import Stop
from impasto.errors import OutputError
from impasto.imaging import read_embedded_json

from .conftest import TINY, make_picture, pixels


@pytest.fixture
def photos(place: Path) -> Path:
    """A folder `in` with two pictures and one that is none."""
    (place / "in").mkdir()
    for seed, name in enumerate("ab"):
        make_picture(place / "in" / f"{name}.png", 48, 36, seed)
    (place / "in" / "bad.png").write_bytes(b"no picture")
    return place


def states(path: str = "o/report.csv") -> dict[str, str]:
    with Path(path).open(newline="") as file:
        return {row["id"]: row["state"] for row in csv.DictReader(file)}


def written(folder: str = "o") -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in Path(folder).glob("*.png")}


BATCH = ("batch", "in", "--style", "art.png", *TINY, "--out-dir", "o")


def test_a_folder_is_painted_and_the_second_run_paints_only_what_is_new(cli, photos: Path) -> None:
    run = cli(*BATCH)
    assert run.code == 5
    assert run.out == "o/a-art.png\no/b-art.png\n"
    assert states() == {"a-art": "painted", "b-art": "painted", "bad-art": "failed"}
    assert "impasto: bad-art: " in run.err
    assert run.err.splitlines()[-1] == "2 of 3 pictures painted; 1 failed."
    before = written()
    (photos / "in" / "bad.png").unlink()
    make_picture(photos / "in" / "c.png", 48, 36, 3)
    run = cli(*BATCH)
    assert (run.code, run.out) == (0, "o/c-art.png\n")
    assert states() == {"a-art": "finished", "b-art": "finished", "c-art": "painted"}
    assert written().items() >= before.items()
    assert cli("stylize", "in/c.png", "art.png", *TINY, "--out", "alone.png").code == 0
    assert numpy.array_equal(pixels(photos / "o/c-art.png"), pixels(photos / "alone.png"))


def test_changed_settings_need_update(cli, photos: Path) -> None:
    (photos / "in" / "bad.png").unlink()
    assert cli(*BATCH).code == 0
    before = written()
    run = cli(*BATCH, "--seed", "7")
    assert (run.code, run.out, written()) == (5, "", before)
    assert set(states().values()) == {"changed"}
    assert cli(*BATCH, "--seed", "7", "--update").code == 0
    assert set(states().values()) == {"painted"}
    assert cli(*BATCH, "--seed", "7", "--update").code == 0
    assert set(states().values()) == {"finished"}
    assert cli(*BATCH, "--seed", "7", "--again").code == 0
    assert set(states().values()) == {"painted"}


def test_one_pass_is_that_of_the_other_commands(cli, place: Path) -> None:
    words = ("batch", "photo.png", "--size", "48", "--out-dir", "o")
    assert cli(*words, "--style", "art.png", "--fast").code == 0
    assert cli("stylize", "photo.png", "art.png", "--fast", "--size", "48", "--out", "fast.png").code == 0
    assert numpy.array_equal(pixels(place / "o/photo-art.png"), pixels(place / "fast.png"))
    assert cli(*words, "--network", "two-poplars", "--strength", "0.8").code == 0
    assert (
        cli("apply", "two-poplars", "photo.png", "--size", "48", "--strength", "0.8", "--out", "n.png").code
        == 0
    )
    assert numpy.array_equal(pixels(place / "o/photo.png"), pixels(place / "n.png"))


def test_styles_are_painted_one_after_the_other_or_mixed(cli, place: Path) -> None:
    (place / "styles").mkdir()
    for name in ("art.png", "art2.png"):
        (place / name).rename(place / "styles" / name)
    words = ("batch", "photo.png", "--style", "styles", *TINY, "--out-dir", "o")
    assert cli(*words).code == 0
    assert sorted(written()) == ["photo-art.png", "photo-art2.png"]
    assert cli(*words, "--mix", "0.3").code == 0
    assert sorted(written()) == ["photo-art-art2.png", "photo-art.png", "photo-art2.png"]
    assert len(read_embedded_json("o/photo-art-art2.png")["styles"]) == 2


def test_variations_make_a_contact_sheet_and_json(cli, place: Path) -> None:
    run = cli(
        "batch", "photo.png", "--style", "art.png", *TINY, "--out-dir", "o", "--vary", "strength=0.2,1", "--vary",
        "seed=0,1", "--sheet", "sheet.png", "--json", "--sidecar", "--format", "jpg",
    )  # fmt: skip
    assert run.code == 0, run.err
    report = json.loads(run.out)
    assert (report["command"], report["exit_code"], report["painted"]) == ("batch", 0, 4)
    (place / "o/report.csv").unlink()
    assert sorted(p.name for p in Path("o").glob("*.jpg")) == [
        Path(p["out"]).name for p in report["pictures"]
    ]
    for picture, (strength, seed) in zip(
        report["pictures"], [(0.2, 0), (0.2, 1), (1, 0), (1, 1)], strict=True
    ):
        recipe = json.loads(Path(f"{picture['out']}.json").read_text())["recipe"]
        assert (recipe["strength"], recipe["seed"]) == (strength, seed)
    assert pixels(place / "sheet.png").shape[0] > 48


def test_the_time_left_is_that_of_the_pictures_still_to_paint() -> None:
    now = 0.0
    progress = BatchProgress(10, quiet=True, names=False, clock=lambda: now)
    row = BatchRow("a", "painted", "a.png", (), "o/a.png")
    assert progress.seconds_left() is None
    now = 60.0  # models are opened
    assert progress.seconds_left(0.5) == pytest.approx(120 * 9.5)
    progress.add(row)
    now = 62.0
    progress.add(row)
    assert progress.seconds_left() == pytest.approx(2 * 8)
    for _ in range(4):
        progress.add(replace(row, state="finished"))
    assert progress.seconds_left() == pytest.approx(2 * 4)
    now = 65.0
    assert progress.seconds_left(0.5) == pytest.approx(5 / 1.5 * 3.5)


def test_a_manifest_is_painted_and_its_report_written_where_asked(cli, photos: Path) -> None:
    Path("in/m.csv").write_text(
        "id,content,styles,seed,fast\none,a.png,../art.png,3,\ntwo,b.png,../art2.png,,\nthree,bad.png,../art.png,,\n"
        "four,a.png,../art.png,x,\n"
    )
    run = cli("batch", "--manifest", "in/m.csv", *TINY, "--out-dir", "o", "--report", "r.jsonl")
    assert run.code == 5
    rows = [json.loads(line) for line in Path("r.jsonl").read_text().splitlines()]
    assert [(row["id"], row["state"]) for row in rows] == [
        ("one", "painted"), ("two", "painted"), ("three", "failed"), ("four", "failed"),
    ]  # fmt: skip
    assert rows[2]["error_kind"] == "PictureError"
    assert rows[3]["error_kind"] == "RecipeError"
    assert "seed" in rows[3]["error"]
    assert read_embedded_json("o/one.png")["recipe"]["seed"] == 3
    assert not Path("o/report.csv").exists()


def test_a_configuration_is_the_options_and_typed_ones_win(cli, photos: Path) -> None:
    (photos / "in" / "bad.png").unlink()
    Path("in/batch.toml").write_text(
        'content = ["."]\nstyle = "../art.png"\nout-dir = "../o"\nencoder = "tiny"\nsize = 32\nsteps = 2\n'
        'precision = "float32"\nformat = "webp"\nstrength = 0.9\n[vary]\nseed = [1, 2]\n'
    )
    assert cli("batch", "--config", "in/batch.toml", "--steps", "3").code == 0
    assert sorted(p.name for p in Path("o").glob("*.webp")) == [
        f"{name}-art-seed-{seed}.webp" for name in "ab" for seed in (1, 2)
    ]
    recipe = read_embedded_json("o/a-art-seed-2.webp")["recipe"]
    assert (recipe["seed"], recipe["strength"], recipe["steps"]) == (2, 0.9, 3)


CONFIGS = {
    "no toml": "content = ",
    "unknown": 'styel = "a.png"',
    "kind": "out-dir = 7",
    "list": "style = [1]",
    "content": "content = [1]",
    "table": "[strength]\na = 1",
    "no table": "vary = 3",
    "vary": "[vary]\nnope = [1]",
    "vary value": "[vary]\nseed = 1",
    "vary twice": "[vary]\nseed = [1, 1]",
    "bool": 'fast = "yes"',
    "bits": "bits = true",
}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_configuration_that_is_wrong_is_refused(cli, place: Path, name: str) -> None:
    Path("c.toml").write_text(CONFIGS[name])
    run = cli("batch", "photo.png", "--style", "art.png", "--out-dir", "o", *TINY, "--config", "c.toml")
    assert (run.code, len(run.err.splitlines())) == (2, 1), run.err
    assert not Path("o").exists()


def test_graphs_are_built_for_many_pictures_of_one_network(monkeypatch) -> None:
    from impasto.cli.batch_graphs import WORTH_GRAPHS, build_graphs
    from impasto.errors import RecipeError

    built: list[tuple[str, str]] = []

    def keep(network: str, *, device: str, on_build: object) -> None:
        built.append((network, device))
        if network == "gone":
            raise RecipeError("There is no such network.")

    monkeypatch.setattr("impasto.feedforward.open_stylizer.keep_graphs", keep)
    few, many = WORTH_GRAPHS - 1, WORTH_GRAPHS
    items = [BatchItem(f"a{i}", "a.png", ("b.png",), network="fast") for i in range(many)]
    items += [BatchItem(f"b{i}", "a.png", (), {"device": "cpu"}, network="two-poplars") for i in range(few)]
    items += [BatchItem(f"c{i}", "a.png", (), network="gone") for i in range(many)]
    items += [BatchItem(f"d{i}", "a.png", ("b.png",)) for i in range(many)]
    build_graphs(items, quiet=True)
    assert built == [("any", "auto"), ("gone", "auto")]


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(cli, photos: Path, monkeypatch) -> None:
    real = BatchProgress.add

    def add(self: BatchProgress, row) -> None:
        real(self, row)
        os.kill(os.getpid(), signal.SIGINT)

    (photos / "in" / "bad.png").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(BatchProgress, "add", add)
        run = cli(*BATCH, "--json")
    assert run.code == 130
    assert json.loads(run.out)["exit_code"] == 130
    assert states() == {"a-art": "painted", "b-art": "left"}
    assert cli(*BATCH).code == 0
    assert states() == {"a-art": "finished", "b-art": "painted"}


def test_watching_paints_what_arrives(cli, photos: Path, monkeypatch) -> None:
    monkeypatch.setattr(command, "WATCH_SECONDS", 0.05)
    (photos / "in" / "bad.png").unlink()
    make_picture(photos / "late.png", 48, 36, 7)

    def visit() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not Path("o/report.csv").exists():
            time.sleep(0.02)
        (photos / "late.png").rename(photos / "in" / "late.png")
        while time.monotonic() < deadline and states().get("late-art") != "painted":
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    visitor = threading.Thread(target=visit)
    visitor.start()
    run = cli(*BATCH, "--watch")
    visitor.join()
    assert run.code == 130
    assert states() == {"a-art": "painted", "b-art": "painted", "late-art": "painted"}


def test_watching_writes_report_and_sheet_only_after_new_pictures(monkeypatch) -> None:
    monkeypatch.setattr(command, "WATCH_SECONDS", 0.0)
    written: list[int] = []
    looks = iter(range(4))
    batch = command._Batch(SimpleNamespace(options=SimpleNamespace(quiet=True)), Stop(quiet=True), None)

    def look(seen: object) -> list[BatchItem]:
        batch.stop.number = signal.SIGINT if next(looks) == 3 else 0
        return []

    monkeypatch.setattr(batch, "_new_items", look)
    monkeypatch.setattr(batch, "_write", lambda painter: written.append(1))
    batch._watch(None)
    assert len(written) == 1


def test_a_sheet_that_cannot_be_written_does_not_empty_the_json(cli, place: Path, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OutputError("'s.png' could not be written (No space left on device).")

    monkeypatch.setattr("impasto.batch.write_sheet", full, raising=False)
    words = (
        "batch",
        "photo.png",
        "--style",
        "art.png",
        *TINY,
        "--out-dir",
        "o",
        "--sheet",
        "s.png",
        "--json",
    )
    run = cli(*words)
    report = json.loads(run.out)
    assert (run.code, report["painted"], len(report["pictures"])) == (3, 1, 1)


def test_a_typed_zero_wins_over_the_configuration() -> None:
    assert _completed(BatchOptions(bits=0), {"bits": 16}, Path("c.toml")).bits == 0
    assert _completed(BatchOptions(), {"bits": 16, "fast": True}, Path("c.toml")) == BatchOptions(
        bits=16, fast=True
    )
