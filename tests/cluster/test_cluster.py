"""Ray and S3: addresses, a batch on this machine's cores, a bucket, a missing part."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy
import pytest

from impasto.batch import BatchItem, BatchPainter, Repaint
from impasto.batch.places import list_pictures
from impasto.cluster import connect
from impasto.errors import ImpastoError, MissingExtraError, RecipeError

from ..cli.conftest import make_picture, pixels

TINY = {"encoder": "tiny", "size": 32, "steps": 2, "precision": "float32", "start": "content"}
ADDRESSES = (
    "", "nope", "local:", ":6379", "host:port", "host:0", "host:70000", "a b:6379", "http://host:6379", "ray://host",
    "10.0.0.1:6379/path", "host:٣",
)  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(RecipeError, match="not the address of a cluster"), connect(address):
        pass


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "no-such-host.invalid:6379"])
def test_an_address_where_nothing_listens_is_refused_at_once(address: str) -> None:
    pytest.importorskip("ray")
    with pytest.raises(RecipeError, match="No Ray cluster answers"), connect(address):
        pass


def test_without_ray_the_install_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'impasto\[cluster\]'"), connect("local"):
        pass


def test_without_fsspec_the_install_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'impasto\[cluster\]'"):
        list_pictures("s3://bucket/photos")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch):
    """A bucket of moto's server with two pictures, a text and a style; yields its file system."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0)
    s3fs = pytest.importorskip("s3fs")
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name, value in (
        ("ACCESS_KEY_ID", "key"),
        ("SECRET_ACCESS_KEY", "secret"),
        ("DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(f"AWS_{name}", value)
    s3fs.S3FileSystem.clear_instance_cache()
    system = s3fs.S3FileSystem()
    system.mkdir("photos")
    yield system
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


@pytest.mark.filterwarnings("ignore")  # of botocore and aiohttp
def test_a_batch_in_a_bucket_is_that_of_files(bucket, tmp_path: Path) -> None:
    for seed, name in enumerate(("a", "b", "art")):
        make_picture(tmp_path / f"{name}.png", 48, 36, seed)
        bucket.pipe(
            f"photos/{'in/' if name != 'art' else ''}{name}.png", (tmp_path / f"{name}.png").read_bytes()
        )
    bucket.pipe("photos/in/bad.png", b"no picture")
    bucket.pipe("photos/in/notes.txt", b"text")
    urls = list_pictures("s3://photos/in")
    assert urls == [f"s3://photos/in/{name}.png" for name in ("a", "b", "bad")]
    items = [BatchItem(Path(url).stem, url, ("s3://photos/art.png",), dict(TINY)) for url in urls]
    painter = BatchPainter("s3://photos/out")
    rows = [painter.paint(item) for item in items]
    assert [row.state for row in rows] == ["painted", "painted", "failed"]
    assert sorted(bucket.ls("photos/out", detail=False)) == ["photos/out/a.png", "photos/out/b.png"]
    assert [painter.paint(item).state for item in items] == ["finished", "finished", "failed"]
    (tmp_path / "local").mkdir()
    (tmp_path / "copy.png").write_bytes(bucket.cat("photos/out/a.png"))
    local = BatchItem("a", str(tmp_path / "a.png"), (str(tmp_path / "art.png"),), dict(TINY))
    alone = BatchPainter(str(tmp_path / "local")).paint(local)
    assert numpy.array_equal(pixels(tmp_path / "copy.png"), pixels(Path(alone.out)))
    bucket.pipe("photos/in/a.png", (tmp_path / "b.png").read_bytes())
    assert painter.paint(items[0]).state == "changed"
    assert BatchPainter("s3://photos/out", repaint=Repaint.CHANGED).paint(items[0]).state == "painted"
    for url in ("s3://gone/a.png", "s3://photos/gone.png"):
        with pytest.raises(ImpastoError, match="does not exist"):
            list_pictures(url)


@pytest.mark.filterwarnings("ignore")  # of Ray
@pytest.mark.timeout(300)
def test_a_batch_on_all_cores_is_the_batch_of_one_process(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    from impasto.cluster import paint_on_cluster

    items = []
    make_picture(tmp_path / "art.png", 40, 40, 9)
    for number in range(4):
        make_picture(tmp_path / f"{number}.png", 48, 36, number)
        content, style = str(tmp_path / f"{number}.png"), str(tmp_path / "art.png")
        items.append(BatchItem(str(number), content, (style,), dict(TINY)))
    (tmp_path / "3.png").write_bytes(b"no picture")
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    here, there = (BatchPainter(str(tmp_path / name)) for name in ("here", "there"))
    with connect("local") as cluster:
        rows = {row.id: row for row in paint_on_cluster(cluster, there, items)}
    assert {row.id: row.state for row in rows.values()} == {
        "0": "painted", "1": "painted", "2": "painted", "3": "failed",
    }  # fmt: skip
    assert rows["3"].error_kind == "PictureError"
    assert all(row.worker for row in rows.values())
    for item in items[:3]:
        alone = here.paint(item)
        assert (
            numpy.abs(pixels(Path(alone.out)).astype(int) - pixels(Path(rows[item.id].out)).astype(int)).max()
            <= 1
        )
    assert not list((tmp_path / "there").glob(".impasto-*"))
