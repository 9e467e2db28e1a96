"""Fetching weights from a server on this machine: good, bad, slow and absent."""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from impasto.encoders import store
from impasto.encoders.catalogue import CATALOGUE, WeightRecord
from impasto.errors import WeightsError

BODY = bytes(range(256)) * 12_000  # 3 MB: three chunks
DIGEST = hashlib.sha256(BODY).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    release = threading.Event()

    def do_GET(self) -> None:
        kind = self.path.split("/")[1]
        if kind == "absent":
            self.send_error(404)
            return
        if kind == "silent":
            self.release.wait(10)
            return
        body = {"wrong": BODY[:-1] + b"x", "fewer": BODY[:-1], "more": BODY * 3}.get(kind, BODY)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body[:1_000_000] if kind == "broken" else body)
        except OSError:
            self.close_connection = True  # The client hung up, as it should on a file that is too long.

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        Handler.release.set()
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


def known(url: str, **changes: object) -> WeightRecord:
    whole = dataclasses.replace(
        CATALOGUE["vgg19"],
        name="w",
        url=url,
        bytes=len(BODY),
        megabytes=3,
        sha256=DIGEST,
        sha256_prefix=DIGEST[:8],
    )
    return dataclasses.replace(whole, **changes)


def left(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_good_file_arrives_verified_with_progress(server: str, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    folder = tmp_path / "new" / "folder"
    path = store.fetch_weights(known(f"{server}/good/w.pth"), lambda *counts: seen.append(counts), folder)
    assert path == folder / "w.pth"
    assert path.read_bytes() == BODY
    assert left(folder) == ["w.pth"]
    done = [count for count, _ in seen]
    assert done == sorted(done)
    assert seen[-1] == (len(BODY), len(BODY))


def test_a_verified_file_is_not_fetched_again_and_a_damaged_one_is(server: str, tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(BODY)
    record = known("http://127.0.0.1:1/nobody/w.pth")
    assert store.fetch_weights(record, folder=tmp_path) == tmp_path / "w.pth"
    (tmp_path / "w.pth").write_bytes(b"damaged")
    store.fetch_weights(known(f"{server}/good/w.pth"), folder=tmp_path)
    assert (tmp_path / "w.pth").read_bytes() == BODY


def test_without_the_full_hash_its_first_digits_decide(server: str, tmp_path: Path) -> None:
    part = {"bytes": None, "sha256": None}
    store.fetch_weights(known(f"{server}/good/w.pth", **part), folder=tmp_path)
    (tmp_path / "w.pth").unlink()
    with pytest.raises(WeightsError, match="not the published file"):
        store.fetch_weights(known(f"{server}/wrong/w.pth", **part), folder=tmp_path)
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("wrong", "that are not the published file"),
        ("fewer", "that are not the published file"),
        ("broken", "refused or broke off"),
        ("more", "sends more than the"),
        ("absent", "answered 404"),
    ],
)
def test_bad_answers_leave_nothing(server: str, tmp_path: Path, kind: str, message: str) -> None:
    with pytest.raises(WeightsError, match=f"Fetching 'w'.*{message}"):
        store.fetch_weights(known(f"{server}/{kind}/w.pth"), folder=tmp_path)
    assert left(tmp_path) == []


def test_a_silent_server_is_given_up(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "TIMEOUT_SECONDS", 0.2)
    with pytest.raises(WeightsError, match="did not answer within"):
        store.fetch_weights(known(f"{server}/silent/w.pth"), folder=tmp_path)
    assert left(tmp_path) == []


def test_a_refused_connection_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(WeightsError, match="refused or broke off; check the network"):
        store.fetch_weights(known(f"http://127.0.0.1:{port}/w.pth"), folder=tmp_path)
    assert left(tmp_path) == []


def test_a_full_disk_is_seen_before_and_while_fetching(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = known(f"{server}/good/w.pth")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2_000_000))
        with pytest.raises(WeightsError, match=r"needs 3 MB, but .* has 2 MB free"):
            store.fetch_weights(record, folder=tmp_path)

    def fill(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(WeightsError, match="No space left on device"):
        store.fetch_weights(record, fill, tmp_path)
    assert left(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(server: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"Fetching 'w' failed.*IMPASTO_WEIGHTS_DIR"):
        store.fetch_weights(known(f"{server}/good/w.pth"), folder=tmp_path / "file" / "folder")


def test_the_folder_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPASTO_WEIGHTS_DIR", str(tmp_path))
    assert store.weights_folder() == tmp_path
    monkeypatch.delenv("IMPASTO_WEIGHTS_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert store.weights_folder().parts[-2:] == ("impasto", "weights")
    if sys.platform == "linux":
        assert store.weights_folder() == tmp_path / "data" / "impasto" / "weights"


def test_status_tells_absent_verified_and_damaged_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = {name: known(f"http://x/{name}.pth", name=name) for name in ("good", "bad", "absent")}
    monkeypatch.setattr(store, "CATALOGUE", records)
    (tmp_path / "good.pth").write_bytes(BODY)
    (tmp_path / "bad.pth").write_bytes(BODY[1:])
    good, bad, absent = store.weights_status(tmp_path)
    assert (good.name, good.present, good.verified) == ("good", True, True)
    assert (bad.present, bad.verified, bad.bytes) == (True, False, len(BODY) - 1)
    assert (absent.present, absent.verified, absent.bytes) == (False, None, len(BODY))
    assert absent.path == tmp_path / "absent.pth"
    assert store.weights_status(tmp_path, check=False)[0].verified is None


def test_unknown_weights_are_guessed_at() -> None:
    with pytest.raises(WeightsError, match=r"Unknown weights 'vgg-19'\. Did you mean 'vgg19'"):
        store.find_weights("vgg-19")


@pytest.mark.parametrize("record", CATALOGUE.values(), ids=list(CATALOGUE))
def test_the_catalogue_is_consistent(record: WeightRecord) -> None:
    # torch.hub's convention: the file's name ends in the first eight digits of its SHA-256.
    assert record.filename.endswith(f"-{record.sha256_prefix}.pth")
    assert record.url.startswith("https://")
    assert (record.sha256 is None) == (record.bytes is None)
    if record.sha256 is not None and record.bytes is not None:
        assert len(bytes.fromhex(record.sha256)) == 32
        assert record.sha256.startswith(record.sha256_prefix)
        assert record.megabytes == record.bytes // 1_000_000
    else:
        assert "Only the first eight hex digits" in record.note
