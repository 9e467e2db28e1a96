"""The queue with fake workers: order, states, restarts, and pruning."""

from __future__ import annotations

import asyncio
import time

import pytest

from impasto.errors import RecipeError
from impasto.studio.database import PictureRow
from impasto.studio.errors import RequestError
from impasto.studio.job_store import FRESH_SECONDS
from impasto.studio.models import JobBody
from impasto.studio.processes import EXITED
from impasto.studio.service import MAX_CRASHES, StudioService
from impasto.studio.settings import StudioSettings
from impasto.studio.workers import Worker

from .conftest import OPEN, TINY

MB = 1_000_000


class FakeWorker:
    """Stands in for the first worker: records what it is sent, and reports what the test tells it to."""

    def __init__(self, studio: StudioService) -> None:
        self.studio = studio
        self.worker: Worker = studio.worker_pool.workers[0]
        self.sent: list[tuple] = []
        self.worker.send = lambda *message: self.sent.append(message)
        self.worker.start = lambda: None

    def report(self, *message) -> None:
        self.worker._receive(message)

    async def crash(self) -> None:
        self.worker._receive(EXITED)
        self.report("ready", "cpu", 1)

    @property
    def tasks(self) -> list[str]:
        return [message[1]["id"] for message in self.sent if message[0] == "paint"]


def body(studio: StudioService, **changes) -> JobBody:
    samples = list(studio.pictures.samples)
    return JobBody(**{"content": samples[0], "styles": samples[4:5], "recipe": TINY, **changes})


@pytest.fixture
def worker(idle_studio: StudioService) -> FakeWorker:
    worker = FakeWorker(idle_studio)
    worker.report("ready", "cpu", 1)
    return worker


def states(studio: StudioService, *jobs) -> list[str]:
    return [studio.job_store.get(job.id).state for job in jobs]


def test_one_job_at_a_time_in_their_order(idle_studio, worker) -> None:
    first, second, third = (idle_studio.submit(body(idle_studio)) for _ in range(3))
    assert states(idle_studio, first, second, third) == ["running", "queued", "queued"]
    assert [idle_studio.job_store.to_json(job)["position"] for job in (first, second, third)] == [None, 1, 2]
    worker.report("stopped", first.id, "done", None, {"step": 3})
    assert states(idle_studio, first, second, third) == ["done", "running", "queued"]
    assert worker.tasks == [first.id, second.id]
    assert idle_studio.job_store.to_json(third)["position"] == 1


def test_a_worker_that_is_not_ready_gets_no_job(idle_studio) -> None:
    job = idle_studio.submit(body(idle_studio))
    worker = FakeWorker(idle_studio)
    assert states(idle_studio, job) == ["queued"]
    worker.report("ready", "cpu", 1)
    assert states(idle_studio, job) == ["running"]


def test_pause_starts_the_next_job_and_resume_goes_to_the_front(idle_studio, worker) -> None:
    async def run() -> None:
        first, second, third = (idle_studio.submit(body(idle_studio)) for _ in range(3))
        pausing = asyncio.create_task(idle_studio.stop_job(first, "pause"))
        await asyncio.sleep(0)
        assert worker.sent[-1] == ("stop", first.id, "pause")
        worker.report("stopped", first.id, "paused", None, {"step": 2})
        await pausing
        assert states(idle_studio, first, second, third) == ["paused", "running", "queued"]
        idle_studio.resume(first)
        assert states(idle_studio, first) == ["queued"]
        worker.report("stopped", second.id, "done", None, {})
        assert states(idle_studio, first, third) == ["running", "queued"]
        assert first.step == 2

    asyncio.run(run())


def test_queued_jobs_are_paused_and_cancelled_at_once(idle_studio, worker) -> None:
    async def run() -> None:
        first, second, third = (idle_studio.submit(body(idle_studio)) for _ in range(3))
        await idle_studio.stop_job(second, "pause")
        await idle_studio.stop_job(third, "cancel")
        assert states(idle_studio, first, second, third) == ["running", "paused", "stopped"]
        with pytest.raises(RequestError, match="not started"):
            await idle_studio.stop_job(second, "keep")
        for request in ("pause", "cancel", "keep"):
            with pytest.raises(RequestError, match="already stopped"):
                await idle_studio.stop_job(third, request)
        for job in (first, third):
            with pytest.raises(RequestError, match="only a paused job"):
                idle_studio.resume(job)

    asyncio.run(run())


def test_keeping_a_paused_job_lets_a_worker_save_it(idle_studio, worker) -> None:
    async def run() -> None:
        job = idle_studio.submit(body(idle_studio))
        worker.report("stopped", job.id, "paused", None, {"step": 2})
        idle_studio.folder.checkpoint(job.id).write_bytes(b"saved")
        keeping = asyncio.create_task(idle_studio.stop_job(job, "keep"))
        await asyncio.sleep(0)
        assert worker.sent[-1][1]["keep"] is True
        idle_studio.folder.result(job.id).write_bytes(b"picture")
        worker.report("stopped", job.id, "stopped", None, {"step": 2})
        await keeping
        assert job.state == "stopped"
        assert job.has_picture

    asyncio.run(run())


def test_a_crash_requeues_the_job_until_there_are_too_many(idle_studio, worker) -> None:
    async def run() -> None:
        job, other = idle_studio.submit(body(idle_studio)), idle_studio.submit(body(idle_studio))
        worker.report("step", job.id, 2, (32, 24), 1.0, 5.0)
        for _ in range(MAX_CRASHES - 1):
            await worker.crash()
            assert states(idle_studio, job, other) == ["running", "queued"]
        worker.report("step", job.id, 2, (32, 24), 1.0, 5.0)
        await worker.crash()
        assert states(idle_studio, job, other) == ["failed", "running"]
        assert "crashed 3 times" in idle_studio.job_store.get(job.id).error

    asyncio.run(run())


def test_crashes_do_not_count_after_progress(idle_studio, worker) -> None:
    async def run() -> None:
        job = idle_studio.submit(body(idle_studio))
        for step in range(1, 3 * MAX_CRASHES):
            worker.report("step", job.id, step, (32, 24), 1.0, 5.0)
            await worker.crash()
        assert states(idle_studio, job) == ["running"]

    asyncio.run(run())


def test_a_stop_request_is_carried_out_after_a_crash(idle_studio, worker) -> None:
    async def run(request: str, state: str) -> None:
        job = idle_studio.submit(body(idle_studio))
        stopping = asyncio.create_task(idle_studio.stop_job(job, request))
        await asyncio.sleep(0)
        await worker.crash()
        await stopping
        assert states(idle_studio, job) == [state]

    asyncio.run(run("pause", "paused"))
    asyncio.run(run("cancel", "stopped"))


def again(studio: StudioService) -> StudioService:
    """A studio that finds what this one left when its server was killed."""
    studio.database.close()
    found = StudioService(StudioSettings(studio.folder.root, limits=OPEN))
    asyncio.run(found.start())
    return found


def test_jobs_survive_the_server(idle_studio, worker) -> None:
    jobs = [idle_studio.submit(body(idle_studio, recipe={**TINY, "seed": seed})) for seed in range(5)]
    worker.report("started", jobs[0].id, 3, 0)
    idle_studio.job_store._saved_at.clear()  # a second passes
    worker.report("step", jobs[0].id, 2, (32, 24), 1.5, 5.0)
    asyncio.run(idle_studio.stop_job(jobs[2], "pause"))
    asyncio.run(idle_studio.stop_job(jobs[3], "cancel"))
    idle_studio.change(jobs[4], 0.9, None)
    found = again(idle_studio)
    assert states(found, *jobs) == ["queued", "queued", "paused", "stopped", "queued"]
    assert [job.id for job in found.job_store.queued()] == [jobs[0].id, jobs[1].id, jobs[4].id]
    first = found.job_store.get(jobs[0].id)
    assert (first.step, first.steps, first.scale, first.losses) == (2, 3, (32, 24), [(2, 1.5)])
    assert found.job_store.get(jobs[4].id).recipe["strength"] == 0.9
    assert [job.recipe["seed"] for job in found.database.page(None, 9)] == [4, 3, 2, 1, 0]
    found.database.close()


@pytest.mark.parametrize(("stop", "state"), [("pause", "paused"), ("cancel", "stopped"), ("keep", "queued")])
def test_stop_requests_survive_the_server(idle_studio, worker, stop, state) -> None:
    job = idle_studio.submit(body(idle_studio))
    job.stop_request = stop
    idle_studio.job_store.save(job)
    found = again(idle_studio)
    assert states(found, job) == [state]
    assert found.job_store.get(job.id).stop_request == ("keep" if stop == "keep" else None)
    found.database.close()


def test_a_change_reaches_the_worker_and_the_recipe(idle_studio, worker) -> None:
    styles = list(idle_studio.pictures.samples)[4:6]
    job = idle_studio.submit(body(idle_studio, styles=styles))
    idle_studio.change(job, 0.8, [0.3, 0.7])
    assert worker.sent[-1] == ("change", job.id, 0.8, [0.3, 0.7])
    assert (job.recipe["strength"], job.recipe["mix"]) == (0.8, [0.3, 0.7])
    for strength, mix in ((3.0, None), (None, [0.5, 0.9]), (None, [0.2, 0.3, 0.5])):
        with pytest.raises(RecipeError):
            idle_studio.change(job, strength, mix)
    # The job shows the values that the worker used in the end.
    worker.report("stopped", job.id, "done", None, {"step": 3, "strength": 0.5, "mix": None})
    assert (job.recipe["strength"], job.recipe["mix"]) == (0.5, None)
    with pytest.raises(RequestError, match="already done"):
        idle_studio.change(job, 0.8, None)


def test_the_queue_has_a_limit(idle_studio, worker) -> None:
    for _ in range(OPEN.queue):
        idle_studio.submit(body(idle_studio))
    with pytest.raises(RequestError, match="unfinished") as refused:
        idle_studio.submit(body(idle_studio))
    assert refused.value.status == 429


def test_jobs_fail_where_no_worker_can_paint(idle_studio) -> None:
    job = idle_studio.submit(body(idle_studio))
    FakeWorker(idle_studio).report("unavailable", "There is no device 'cuda' here.")
    assert states(idle_studio, job) == ["failed"]
    assert idle_studio.job_store.get(job.id).error == "There is no device 'cuda' here."
    with pytest.raises(RequestError, match="no device 'cuda'"):
        idle_studio.submit(body(idle_studio))


def test_each_gpu_gets_a_worker(idle_studio) -> None:
    first = FakeWorker(idle_studio)
    first.report("ready", "cuda:0", 3)
    assert [worker.device for worker in idle_studio.worker_pool.workers] == ["cuda:0", "cuda:1", "cuda:2"]
    jobs = [idle_studio.submit(body(idle_studio)) for _ in range(3)]
    assert states(idle_studio, *jobs) == ["running", "queued", "queued"]
    idle_studio.worker_pool.workers[2].send = lambda *message: None
    idle_studio.worker_pool.workers[2]._receive(("ready", "cuda:2", 3))
    assert states(idle_studio, *jobs) == ["running", "running", "queued"]


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
    for name, at in ((old, 999.0), (fresh, now), (used, 998.0)):
        idle_studio.folder.picture(name).write_bytes(b"y")
        idle_studio.database.save_picture(PictureRow(name, "p", 1, 1, False, 10 * MB, at))
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
