"""A full disk: requests get one sentence, and jobs wait for room."""

from __future__ import annotations

import asyncio
import errno
import shutil
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from impasto.errors import OutputError
from impasto.imaging.atomic import atomic_write
from impasto.optimize import make_recipe
from impasto.studio import room
from impasto.studio.errors import DISK_FULL, is_disk_full
from impasto.studio.paint_process import PaintTask
from impasto.studio.processes import _status_and_message
from impasto.studio.room import NO_ROOM
from impasto.studio.service import StudioService
from impasto.studio.settings import StudioSettings

from .conftest import OPEN, PNG, TINY, picture
from .fake_worker import body, states, worker_here


def no_space(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("path", ["/api/pictures", "/api/replay"])
def test_an_upload_is_answered_with_one_sentence(api, monkeypatch, path) -> None:
    uploads = api.app.state.studio.folder.uploads
    real_open = Path.open

    class FullFile:
        def __init__(self, file) -> None:
            self.file = file

        def __enter__(self):
            return SimpleNamespace(write=no_space)

        def __exit__(self, *_: object) -> None:
            self.file.close()

    def open_full(self: Path, *words, **options):
        file = real_open(self, *words, **options)
        return FullFile(file) if self.parent == uploads else file

    monkeypatch.setattr(Path, "open", open_full)
    answer = api.post(path, content=picture(60), headers=PNG)
    assert (answer.status_code, answer.json()) == (507, {"error": DISK_FULL})
    assert not list(uploads.iterdir())


def test_a_picture_that_cannot_be_moved_to_its_place(api, monkeypatch) -> None:
    monkeypatch.setattr(Path, "replace", no_space)
    answer = api.post("/api/pictures", content=picture(61), headers=PNG)
    assert (answer.status_code, answer.json()) == (507, {"error": DISK_FULL})


def test_a_job_that_the_database_cannot_hold_leaves_nothing(idle_studio: StudioService) -> None:
    connection = idle_studio.database._connection
    jobs = [idle_studio.submit(body(idle_studio))]
    connection.execute("PRAGMA max_page_count=1")  # SQLite raises this to the present size

    def submit_many() -> None:
        for _ in range(90):
            jobs.append(idle_studio.submit(body(idle_studio)))

    with pytest.raises(sqlite3.OperationalError) as full:
        submit_many()
    assert is_disk_full(full.value)
    ids = {job.id for job in jobs}
    assert set(idle_studio.job_store.active) == ids
    assert {folder.name for folder in idle_studio.folder.jobs.iterdir()} == ids
    connection.execute("PRAGMA max_page_count=100000")
    assert idle_studio.submit(body(idle_studio)).seq == len(jobs) + 1


def test_helpers_answer_507(tmp_path) -> None:
    with pytest.raises(OutputError) as full, atomic_write(tmp_path / "picture.png"):
        no_space()
    assert _status_and_message(full.value) == (507, DISK_FULL)
    assert _status_and_message(OutputError("It is a folder."))[0] == 422


def test_the_worker_pauses_a_job_and_can_paint_it_later(idle_studio, tmp_path, monkeypatch) -> None:
    photo, style = (
        str(idle_studio.folder.picture(name)) for name in list(idle_studio.pictures.samples)[:5:4]
    )
    sent: list[tuple] = []
    worker = worker_here(sent)
    task = PaintTask("a" * 32, tmp_path, make_recipe(**TINY, start="content").to_json(), photo, [style], {})
    with monkeypatch.context() as full:
        full.setattr("impasto.imaging.atomic.os.fsync", no_space)
        worker._paint(task)
    assert sent[-1] == ("stopped", task.id, "paused", NO_ROOM, {})
    worker._paint(task)
    assert sent[-1][2:4] == ("done", None)


@pytest.fixture
def free(monkeypatch) -> list[int]:
    """The free bytes of the disk, which tests change; the studio looks at them all the time."""
    free_bytes = [0]
    monkeypatch.setattr(room, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free_bytes[0]))
    return free_bytes


def test_a_job_waits_for_room(idle_studio, worker, free) -> None:
    async def run() -> None:
        first, second = (idle_studio.submit(body(idle_studio)) for _ in range(2))
        worker.report("stopped", first.id, "paused", NO_ROOM, {})
        assert states(idle_studio, first, second) == ["paused", "running"]
        await asyncio.sleep(0.05)
        assert (first.state, first.error) == ("paused", NO_ROOM)
        free[0] = 10**12
        await asyncio.sleep(0.05)
        assert (first.state, first.error) == ("queued", None)
        worker.report("stopped", second.id, "done", None, {})
        assert states(idle_studio, first) == ["running"]

    asyncio.run(run())


@pytest.mark.parametrize("request_to_stop", ["keep", "pause", "cancel"])
def test_a_stop_request_on_a_full_disk(idle_studio, worker, free, request_to_stop) -> None:
    async def run() -> None:
        job = idle_studio.submit(body(idle_studio))
        stopping = asyncio.create_task(idle_studio.stop_job(job, request_to_stop))
        await asyncio.sleep(0)
        worker.report("stopped", job.id, "paused", NO_ROOM, {})
        await stopping
        assert job.state == ("stopped" if request_to_stop == "cancel" else "paused")
        free[0] = 10**12
        await asyncio.sleep(0.05)
        assert job.state == {"keep": "running", "pause": "paused", "cancel": "stopped"}[request_to_stop]
        if request_to_stop == "keep":
            assert worker.sent[-1][1]["keep"]

    asyncio.run(run())


def test_a_job_that_waits_can_be_cancelled_and_outlives_the_server(idle_studio, worker, free) -> None:
    async def run() -> None:
        first, second = (idle_studio.submit(body(idle_studio)) for _ in range(2))
        for job in (first, second):
            worker.report("stopped", job.id, "paused", NO_ROOM, {})
        await idle_studio.stop_job(first, "cancel")
        assert (first.state, first.error) == ("stopped", None)
        idle_studio.room_queue.close()
        idle_studio.database.close()
        restarted = StudioService(StudioSettings(idle_studio.folder.root, limits=OPEN))
        await restarted.start()
        assert states(restarted, first, second) == ["stopped", "paused"]
        free[0] = 10**12
        await asyncio.sleep(0.05)
        assert states(restarted, first, second) == ["stopped", "queued"]
        restarted.database.close()

    asyncio.run(run())
