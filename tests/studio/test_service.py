"""The service with fake workers: the order of jobs, their states, crashes and restarts."""

from __future__ import annotations

import asyncio

import pytest

from impasto.errors import RecipeError
from impasto.studio.errors import RequestError
from impasto.studio.recovery import MAX_CRASHES
from impasto.studio.service import StudioService
from impasto.studio.settings import StudioSettings

from .conftest import OPEN, TINY
from .fake_worker import FakeWorker, body, states


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


def test_a_request_while_the_worker_pauses_the_job_is_carried_out(idle_studio, worker) -> None:
    async def run() -> None:
        first, second = (idle_studio.submit(body(idle_studio)) for _ in range(2))
        for job, request in ((first, "cancel"), (second, "keep")):
            stops = []
            for stop in ("pause", request):
                stops.append(asyncio.create_task(idle_studio.stop_job(job, stop)))
                await asyncio.sleep(0)
            worker.report("stopped", job.id, "paused", None, {"step": 2})
            if request == "keep":
                assert worker.sent[-1][1]["keep"] is True
                worker.report("stopped", job.id, "stopped", None, {"step": 2})
            await asyncio.gather(*stops)
        assert states(idle_studio, first, second) == ["stopped", "stopped"]

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


def restart(studio: StudioService) -> StudioService:
    """Return a new studio on the same folder, as after a crash of the server."""
    studio.database.close()
    restarted = StudioService(StudioSettings(studio.folder.root, limits=OPEN))
    asyncio.run(restarted.start())
    return restarted


def test_jobs_survive_the_server(idle_studio, worker) -> None:
    jobs = [idle_studio.submit(body(idle_studio, recipe={**TINY, "seed": seed})) for seed in range(5)]
    worker.report("started", jobs[0].id, 3, 0)
    idle_studio.job_store._saved_at.clear()  # a second passes
    worker.report("step", jobs[0].id, 2, (32, 24), 1.5, 5.0)
    asyncio.run(idle_studio.stop_job(jobs[2], "pause"))
    asyncio.run(idle_studio.stop_job(jobs[3], "cancel"))
    idle_studio.change(jobs[4], 0.9, None)
    restarted = restart(idle_studio)
    assert states(restarted, *jobs) == ["queued", "queued", "paused", "stopped", "queued"]
    assert [job.id for job in restarted.job_store.queued()] == [jobs[0].id, jobs[1].id, jobs[4].id]
    first = restarted.job_store.get(jobs[0].id)
    assert (first.step, first.steps, first.scale, first.losses) == (2, 3, (32, 24), [(2, 1.5)])
    assert restarted.job_store.get(jobs[4].id).recipe["strength"] == 0.9
    assert [job.recipe["seed"] for job in restarted.database.page(None, 9)] == [4, 3, 2, 1, 0]
    restarted.database.close()


@pytest.mark.parametrize(("stop", "state"), [("pause", "paused"), ("cancel", "stopped"), ("keep", "queued")])
def test_stop_requests_survive_the_server(idle_studio, worker, stop, state) -> None:
    job = idle_studio.submit(body(idle_studio))
    job.stop_request = stop
    idle_studio.job_store.save(job)
    restarted = restart(idle_studio)
    assert states(restarted, job) == [state]
    assert restarted.job_store.get(job.id).stop_request == ("keep" if stop == "keep" else None)
    restarted.database.close()


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
