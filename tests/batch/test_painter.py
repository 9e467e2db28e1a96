"""Painting items: the same pictures as alone, each once, errors as rows."""

from __future__ import annotations

import os
import pickle
import time
from dataclasses import replace
from pathlib import Path

import numpy
import pytest

import impasto
from impasto.batch import BatchItem, BatchPainter, PictureFormat, Repaint, stored_key
from impasto.batch.painter import DiskFullError, StopBatch
from impasto.batch.places import remove_remains
from impasto.imaging import read_embedded_json

from ..cli.conftest import make_picture, pixels
from .conftest import TINY


def item(name: str = "a", **changes: object) -> BatchItem:
    return replace(BatchItem(name, f"in/{name}.png", ("art.png",), dict(TINY)), **changes)


def test_a_picture_of_a_batch_is_the_picture_painted_alone(folder: Path) -> None:
    painter = BatchPainter("out", PictureFormat(".tiff", 16))
    Path("out").mkdir()
    for name in ("a", "b"):
        row = painter.paint(item(name))
        assert (row.state, row.width, row.height, row.error) == ("painted", 32, 24, None)
        alone = impasto.stylize(f"in/{name}.png", "art.png", **TINY)
        stored = read_embedded_json(row.out)
        assert {**alone.provenance, "request": stored["request"]} == stored
        alone.save("alone.tiff", bits=16)
        assert numpy.array_equal(
            impasto.read_picture(row.out).pixels, impasto.read_picture("alone.tiff").pixels
        )


@pytest.mark.parametrize("network", ["fast", "any"])
def test_one_pass_takes_every_stroke_of_the_network(folder: Path, network: str) -> None:
    Path("out").mkdir()
    row = BatchPainter("out").paint(item(network=network, settings={"size": "32", "stroke": "0.25"}))
    assert (row.state, row.error) == ("painted", None)
    assert read_embedded_json(row.out)["recipe"]["stroke"] == 0.25


def test_a_finished_picture_is_left_alone_until_something_changes(folder: Path) -> None:
    Path("out").mkdir()
    painter = BatchPainter("out")
    first = painter.paint(item())
    key, data = stored_key(first.out), Path(first.out).read_bytes()
    assert painter.paint(item()).state == "finished"
    assert BatchPainter("out").paint(item(settings={**TINY, "device": "cpu"})).state == "finished"
    Path("art.png").rename("moved.png")
    assert painter.paint(item(styles=("moved.png",))).state == "finished"
    for changed in (
        item(styles=("art2.png",)),
        item(styles=("moved.png",), settings={**TINY, "seed": 1}),
        item(styles=("moved.png",), guides={"masks": ["left"]}),
        item(styles=("moved.png",), content="in/b.png"),
    ):
        row = painter.paint(changed)
        assert (row.state, Path(first.out).read_bytes()) == ("changed", data)
        assert "--update" in (row.error or "")
    make_picture(Path("in/a.png"), 48, 36, 9)
    assert painter.paint(item(styles=("moved.png",))).state == "changed"
    update = BatchPainter("out", repaint=Repaint.CHANGED)
    assert update.paint(item(styles=("moved.png",))).state == "painted"
    assert stored_key(first.out) != key
    assert update.paint(item(styles=("moved.png",))).state == "finished"
    assert BatchPainter("out", repaint=Repaint.ALWAYS).paint(item(styles=("moved.png",))).state == "painted"


def test_a_file_that_is_no_picture_of_ours_is_not_overwritten(folder: Path) -> None:
    Path("out").mkdir()
    Path("out/a.png").write_bytes(b"mine")
    assert BatchPainter("out").paint(item()).state == "changed"
    assert Path("out/a.png").read_bytes() == b"mine"


def test_models_are_opened_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from impasto.feedforward import stylizer
    from impasto.optimize import run

    opened: list[str] = []
    real_encoder, real_network = run.open_encoder, stylizer.open_model
    monkeypatch.setattr(run, "open_encoder", lambda name, **k: opened.append(name) or real_encoder(name, **k))
    monkeypatch.setattr(stylizer, "open_model", lambda path: opened.append(path.stem) or real_network(path))
    Path("out").mkdir()
    painter = BatchPainter("out")
    for name in ("a", "b"):
        assert painter.paint(item(name, settings={**TINY, "start": "fast"})).state == "painted"
    assert opened == ["tiny", "any"]


BAD = {
    "missing": (item(content="in/gone.png"), "PictureError", "does not exist"),
    "no picture": (item(content="text.png"), "PictureError", "not a readable picture"),
    "folder": (item(content="in"), "PictureError", "is a folder"),
    "no style": (item(styles=()), "RecipeError", "--style"),
    "missing style": (item(styles=("gone.png",)), "PictureError", "does not exist"),
    "setting": (item(settings={"strength": "9"}), "RecipeError", "strength"),
    "unknown": (item(settings={"strenght": 1}), "RecipeError", "strenght"),
    "weights": (item(settings={"encoder": "vgg19", "size": 32}), "WeightsError", "vgg19"),
    "network": (item(network="nope", settings={}), "RecipeError|WeightsError", "nope"),
    "one pass": (item(network="fast", settings={"steps": 2}), "RecipeError", "has no steps"),
    "mask": (item(guides={"masks": ["gone.png"]}), "PictureError", "gone.png"),
    "guides": (item(guides={"mask": "x"}), "PictureError|RecipeError", "x"),
    "large": (item(settings={**TINY, "size": 30_000, "style_loss": "sliced"}), "TooLargeError", "GB"),
    "url": (item(content="nope://x/a.png"), "RecipeError", "is not a URL"),
    "bucket": (item(content="memory:///gone/a.png"), "PictureError", "does not exist"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_with_an_item_is_a_row(folder: Path, case: str, monkeypatch) -> None:
    monkeypatch.setenv("IMPASTO_WEIGHTS_DIR", str(folder / "none"))
    monkeypatch.delenv("IMPASTO_SHARED", raising=False)
    Path("text.png").write_text("no picture")
    Path("out").mkdir()
    bad, kinds, words = BAD[case]
    row = BatchPainter("out").paint(bad)
    assert row.state == "failed"
    assert row.error_kind in kinds.split("|")
    assert words in (row.error or "")
    assert list(Path("out").iterdir()) == []


def test_a_bug_is_a_row_and_a_full_disk_ends_the_batch(folder: Path, monkeypatch) -> None:
    from impasto.batch import painter

    Path("out").mkdir()

    def fail(error: Exception):
        def save(*_: object) -> None:
            raise error

        monkeypatch.setattr(painter, "save_picture", save)

    fail(ZeroDivisionError("oops"))
    row = BatchPainter("out").paint(item())
    assert (row.state, row.error_kind) == ("failed", "bug")
    fail(MemoryError())
    assert BatchPainter("out").paint(item()).error_kind == "TooLargeError"
    fail(OSError(28, "No space left on device"))
    with pytest.raises(DiskFullError):
        BatchPainter("out").paint(item())


def test_progress_can_stop_a_picture(folder: Path) -> None:
    shares: list[float] = []

    def stop(share: float) -> None:
        shares.append(share)
        if share >= 0.5:
            raise StopBatch

    Path("out").mkdir()
    with pytest.raises(StopBatch):
        BatchPainter("out").paint(item(), stop)
    assert shares[0] == 0.0
    assert shares[-1] == 0.5
    assert list(Path("out").iterdir()) == []


def test_a_painter_travels_without_its_models(folder: Path) -> None:
    Path("out").mkdir()
    painter = BatchPainter("out", PictureFormat(".jpg", 8, 80), Repaint.CHANGED, sidecar=True)
    painter.paint(item())
    copy = pickle.loads(pickle.dumps(painter))
    assert (copy.out, copy.form, copy.repaint, copy.sidecar) == ("out", painter.form, painter.repaint, True)
    assert copy.paint(item()).state == "finished"
    assert Path("out/a.jpg.json").is_file()


def test_what_a_killed_process_left_is_removed(folder: Path) -> None:
    Path("out").mkdir()
    for name, age in ((".impasto-old.png", 120), (".impasto-new.png", 0), ("mine.png", 120)):
        (Path("out") / name).write_bytes(b"half")
        then = time.time() - age
        os.utime(Path("out") / name, (then, then))
    remove_remains("out")
    assert sorted(p.name for p in Path("out").iterdir()) == [".impasto-new.png", "mine.png"]


def test_urls_are_read_and_written(folder: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    for name in ("in/a.png", "art.png"):
        memory.pipe(f"/bucket/{name}", Path(name).read_bytes())
    remote = item(content="memory://bucket/in/a.png", styles=("memory://bucket/art.png",))
    painter = BatchPainter("memory://bucket/out")
    row = painter.paint(remote)
    assert (row.state, row.out, row.error) == ("painted", "memory://bucket/out/a.png", None)
    Path("copy.png").write_bytes(memory.cat("/bucket/out/a.png"))
    Path("out").mkdir()
    assert numpy.array_equal(pixels(Path("copy.png")), pixels(Path(BatchPainter("out").paint(item()).out)))
    stored = read_embedded_json("copy.png")
    assert (stored["content"], stored["styles"]) == (remote.content, list(remote.styles))
    assert painter.paint(remote).state == "finished"
    fast = replace(remote, network="fast", settings={"size": 32})
    assert painter.paint(fast).state == "changed"
    assert BatchPainter("memory://bucket/out", repaint=Repaint.CHANGED).paint(fast).state == "painted"
