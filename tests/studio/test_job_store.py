"""The job store: recorded losses, pruning, deletion, and errors."""

from __future__ import annotations

import asyncio
import time

import pytest

from impasto.studio.database import PictureRow
from impasto.studio.errors import RequestError
from impasto.studio.job_store import FRESH_SECONDS

from .fake_worker import body, states

MB = 1_000_000


def test_losses_are_thinned(idle_studio, worker) -> None:
    job = idle_studio.submit(body(idle_studio))
    worker.report("started", job.id, 10_000, 0)
    for step in range(1, 10_001):
        job.step = step
        job.record_loss(float(step))
    assert 150 <= len(job.losses) <= 200
    job.step = 5_000
    job.record_loss(float("nan"))
    assert job.losses[-1][0] < 5_000


def test_the_oldest_is_pruned_first(idle_studio, worker) -> None:
    jobs = [idle_studio.submit(body(idle_studio)) for _ in range(3)]
    for index, job in enumerate(jobs[:2]):
        idle_studio.folder.result(job.id).write_bytes(b"x" * MB)
        worker.report("stopped", job.id, "done", None, {})
        row = idle_studio.job_store.get(job.id)
        row.ended, row.bytes = 1000.0 + index, 40 * MB
        idle_studio.database.save(row)
    old, fresh, used = (f"{digit}" * 32 for digit in "abc")
    now = time.time()
    for name, used_at in ((old, 999.0), (fresh, now), (used, 998.0)):
        idle_studio.folder.picture(name).write_bytes(b"y")
        idle_studio.database.save_picture(PictureRow(name, "p", 1, 1, False, 10 * MB, used_at))
    idle_studio.submit(body(idle_studio, styles=[used]))
    idle_studio.database.touch([used], 998.0)

    def left(keep: int) -> tuple[list[bool], list[bool]]:
        object.__setattr__(idle_studio.job_store.limits, "history_bytes", keep)
        try:
            assert idle_studio.job_store.prune() is (keep > 0)
        finally:
            object.__setattr__(idle_studio.job_store.limits, "history_bytes", 2_000 * MB)
        return (
            [idle_studio.database.job(job.id) is not None for job in jobs],
            [idle_studio.folder.picture(name).is_file() for name in (old, fresh, used)],
        )

    samples = sum(idle_studio.folder.picture(name).stat().st_size for name in idle_studio.pictures.samples)
    assert left(samples + 111 * MB) == ([True, True, True], [True, True, True])
    assert left(samples + 101 * MB) == ([True, True, True], [False, True, True])
    assert left(samples + 90 * MB) == ([False, True, True], [False, True, True])
    assert left(0) == ([False, False, True], [False, True, True])
    assert not idle_studio.folder.job(jobs[0].id).exists()
    assert all(idle_studio.folder.picture(name).is_file() for name in idle_studio.pictures.samples)
    assert FRESH_SECONDS < 3600


def test_deleting_a_queued_job(idle_studio, worker) -> None:
    first, second, third = (idle_studio.submit(body(idle_studio)) for _ in range(3))
    asyncio.run(idle_studio.delete(second))
    assert not idle_studio.folder.job(second.id).exists()
    with pytest.raises(RequestError, match="no job"):
        idle_studio.job_store.get(second.id)
    assert idle_studio.job_store.to_json(third)["position"] == 1
    worker.report("stopped", first.id, "done", None, {})
    assert states(idle_studio, third) == ["running"]


def test_a_job_whose_picture_is_gone_fails_with_a_sentence(idle_studio, worker) -> None:
    first = idle_studio.submit(body(idle_studio))
    name = "d" * 32
    idle_studio.folder.picture(name).write_bytes(b"y")
    idle_studio.database.save_picture(PictureRow(name, "p", 1, 1, False, 1, time.time()))
    second = idle_studio.submit(body(idle_studio, styles=[name]))
    idle_studio.folder.picture(name).unlink()
    worker.report("stopped", first.id, "done", None, {})
    assert states(idle_studio, second) == ["failed"]
    assert "no picture" in idle_studio.job_store.get(second.id).error


def test_errors_name_pictures_as_their_owner_does(idle_studio, worker) -> None:
    job = idle_studio.submit(body(idle_studio))
    path = idle_studio.folder.picture(job.content)
    worker.report("stopped", job.id, "failed", f"The mask '{path}' is coloured.", {})
    assert idle_studio.job_store.get(job.id).error == "The mask 'Astronaut' is coloured."
