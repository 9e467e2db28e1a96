"""The studio's service: assigns jobs to workers and carries out what clients request."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from impasto.feedforward.pretrained import pretrained_networks
from impasto.studio.bundles import Bundles
from impasto.studio.errors import RequestError
from impasto.studio.estimates import Estimates, JobClock
from impasto.studio.event_bus import EventBus
from impasto.studio.folder import StudioFolder, new_id
from impasto.studio.gallery_import import GalleryImport
from impasto.studio.job_store import JobStore
from impasto.studio.jobs import ENDED, JobState, StopRequest, StudioJob
from impasto.studio.latest_only import LatestOnlyQueue
from impasto.studio.models import JobBody
from impasto.studio.pictures import PictureStore
from impasto.studio.planner import Planner
from impasto.studio.processes import HelperProcess
from impasto.studio.recovery import Recovery
from impasto.studio.requests import change_recipe, ordered_size, parse_recipe, resolve_files
from impasto.studio.room import NO_ROOM, RoomQueue
from impasto.studio.salvage import OldRows, open_or_replace
from impasto.studio.settings import StudioSettings
from impasto.studio.trash import Trash
from impasto.studio.workers import Worker, WorkerPool

LOG = logging.getLogger("impasto.studio")
# Seconds that a request to stop a job waits for the worker.
STOP_SECONDS = 10.0
# Seconds that workers get to write checkpoints when the server stops.
SHUTDOWN_SECONDS = 20.0


class StudioService:
    """One studio. All methods run in the event loop's thread; only `start` and `stop` need the loop.

    ``report`` gets sentences for the person who started the studio. Raises OutputError if the data folder cannot be
    used.
    """

    def __init__(self, settings: StudioSettings, report: Callable[[str], None] = LOG.warning) -> None:
        self.settings, limits = settings, settings.limits
        self.report = report
        self.folder = StudioFolder(settings.data)
        self.database, self._old_rows = open_or_replace(self.folder, report)
        self.folder.remove_uploads()
        self.event_bus = EventBus(limits.subscribers)
        self.image_service = HelperProcess("impasto.studio.image_service", limits.waiting)
        self.preview_process = HelperProcess("impasto.studio.preview_process", limits.waiting)
        self.large_process = HelperProcess(
            "impasto.studio.preview_process", limits.waiting, low_priority=True
        )
        self.preview_queue = LatestOnlyQueue(self.preview_process, limits.waiting)
        self.pictures = PictureStore(self.folder, self.database, self.image_service, limits)
        self.job_store = JobStore(self.folder, self.database, self.pictures, self.event_bus, limits)
        self.recovery = Recovery(self.folder, self.job_store)
        self.worker_pool = WorkerPool(settings.devices, self._on_worker_message)
        self.room_queue = RoomQueue(self.folder.root, self._requeue)
        self.trash = Trash(self.job_store, self.release, self._dispatch)
        self.bundles = Bundles()
        estimates = Estimates(self.folder.timings)
        self.planner = Planner(self.pictures, self.image_service, estimates, limits.styles)
        self.clock = JobClock(estimates)
        self._stopping = False

    async def start(self) -> None:
        """Load the jobs of an earlier server and start the processes."""
        self.pictures.add_samples()
        self.image_service.start()
        if self._old_rows is not None or self.settings.rebuild:
            old_rows, self._old_rows = self._old_rows or OldRows(), None
            self.report(str(await GalleryImport(self.pictures, old_rows, self.report).run()))
        self.job_store.load()
        self.trash.empty()
        self.recovery.recover_running()
        for job in self.job_store.active.values():
            if job.state == "paused" and job.error == NO_ROOM:
                self.room_queue.add(job)
        self.worker_pool.start()

    async def stop(self) -> None:
        """Let workers write checkpoints, and stop all processes."""
        self._stopping = True
        self.room_queue.close()
        self.trash.close()
        self.event_bus.close()
        await self.worker_pool.stop(SHUTDOWN_SECONDS)
        self.recovery.recover_running()
        for job in self.job_store.active.values():
            self.job_store.save_preview(job)
        helpers = (self.image_service, self.preview_process, self.large_process)
        await asyncio.gather(*(helper.stop() for helper in helpers))
        self.database.close()

    @property
    def can_preview(self) -> bool:
        """Whether the network for previews in any style is installed."""
        return "any" in pretrained_networks()

    def submit(self, body: JobBody) -> StudioJob:
        """Queue a job; raises `RequestError` or `RecipeError` if it is invalid."""
        parsed = parse_recipe(body, self.settings.limits.styles)
        recipe = parsed.to_json()
        guides = body.guides.ids()
        resolve_files(self.pictures, recipe, body.content, body.styles, guides)
        rank = self.job_store.next_rank(front=False)
        job = StudioJob(new_id(), recipe, guides, body.content, list(body.styles), time.time(), rank)
        content = None if body.content is None else self.database.picture(body.content)
        if content is not None:
            size = (parsed.size, content.width, content.height)
            job.scale = ordered_size(*size, dpi=parsed.dpi, framing=parsed.framing)
        return self.queue(job)

    def queue(self, job: StudioJob) -> StudioJob:
        """Queue a new job and return it; raises `RequestError` if the queue is full or no worker can paint."""
        max_jobs = self.settings.limits.queue
        if len(self.job_store.active) >= max_jobs:
            raise RequestError(429, f"{max_jobs} jobs are unfinished; wait for one, or cancel one.")
        if self.worker_pool.error:
            raise RequestError(409, f"This studio cannot paint: {self.worker_pool.error}")
        self.job_store.add(job)
        self._dispatch()
        return job

    async def stop_job(self, job: StudioJob, request: StopRequest) -> None:
        """Pause, cancel or keep a job; raises `RequestError` if its state does not allow it."""
        if job.state in ENDED:
            raise RequestError(409, f"This job is already {job.state}.")
        self.room_queue.remove(job)
        if job.state == "running":
            job.stop_request = request
            self.job_store.save(job)
            worker = self.worker_pool.worker_of(job.id)
            if worker is not None:
                worker.send("stop", job.id, request)
            await self._wait_until_stopped(job)
        elif request == "pause":
            self.job_store.set_state(job, "paused")
        elif request == "cancel":
            self.recovery.cancel(job)
        elif not self.folder.has_progress(job.id):
            raise RequestError(409, "This job has not started, so it has no picture to keep; cancel it.")
        else:
            job.stop_request = "keep"
            self._requeue(job)
            await self._wait_until_stopped(job)

    def resume(self, job: StudioJob) -> None:
        """Put a paused job at the front of the queue; raises `RequestError` if its state does not allow it."""
        can_retry = job.state == "failed" and self.folder.has_progress(job.id)
        if job.state != "paused" and not can_retry:
            raise RequestError(409, f"This job is {job.state}; only a paused job can be resumed.")
        self.room_queue.remove(job)
        job.ended = job.error = None
        job.crashes = 0
        self._requeue(job)

    def _requeue(self, job: StudioJob) -> None:
        """Put a job at the front of the queue."""
        self.job_store.requeue(job)
        self._dispatch()

    def change(self, job: StudioJob, strength: float | None, mix: list[float] | None) -> None:
        """Change an unfinished job, even while it runs; raises `RequestError` or `RecipeError`."""
        if job.state in ENDED:
            raise RequestError(409, f"This job is already {job.state}; paint a new one.")
        if job.clip is not None:
            raise RequestError(409, "The look of a clip cannot change while it is painted; queue it again.")
        job.recipe = change_recipe(job, strength, mix)
        worker = self.worker_pool.worker_of(job.id)
        if worker is not None:
            worker.send("change", job.id, strength, mix)
        self.job_store.save_and_publish(job)

    async def delete(self, job: StudioJob) -> None:
        """Delete a job and its files; a running job is cancelled first."""
        await self.release(job, "cancel")
        self.job_store.delete(job)

    async def release(self, job: StudioJob, request: StopRequest) -> None:
        """Stop a job if it runs, by force if its worker does not answer."""
        if job.state == "running":
            await self.stop_job(job, request)
            worker = self.worker_pool.worker_of(job.id)
            if worker is not None:
                worker.kill()
        self.room_queue.remove(job)

    def _dispatch(self) -> None:
        """Assign queued jobs to idle workers."""
        for job in self.job_store.queued():
            worker = None if self._stopping else self.worker_pool.idle()
            if worker is None:
                return
            try:
                files = resolve_files(
                    self.pictures, job.recipe, job.content, job.styles, job.guides, clip=job.clip is not None
                )
            except RequestError as error:
                self.job_store.fail(job, str(error))
                continue
            folder = self.folder.job(job.id)
            folder.mkdir(exist_ok=True)
            worker.job = job.id
            keep = job.stop_request == "keep"
            task = {"id": job.id, "folder": folder, "keep": keep, "clip": job.clip, "trained": job.trained}
            worker.send("paint", {**task, **files})
            self.job_store.set_state(job, "running")

    def _on_worker_message(self, worker: Worker, message: tuple[Any, ...]) -> None:
        """Handle a message of a worker; `PaintWorker` documents them, and the pool adds ``("crashed", id)``."""
        kind, *values = message
        if kind == "ready" and not self._stopping:
            if self.can_preview:
                self.preview_process.start()
            self._dispatch()
        if kind == "unavailable":
            self._on_unavailable(worker.device, values[0])
        job = self.job_store.active.get(values[0]) if values else None
        if job is None:
            if kind in ("stopped", "crashed"):  # the job was deleted meanwhile
                self._dispatch()
        elif kind == "started":
            job.steps, job.step = values[1], values[2]
            self.job_store.save_and_publish(job)
        elif kind == "planned":
            self.clock.planned(job, *values[1:])
            self.job_store.save_and_publish(job)
        elif kind == "painted":
            self.clock.painted(job, *values[1:])
        elif kind == "step":
            self._on_step(job, *values[1:])
        elif kind == "preview":
            self.job_store.publish_preview(job, values[1])
        elif kind == "stopped":
            self._on_stopped(job, *values[1:])
        elif kind == "crashed":
            job.crashes += not self._stopping
            job.crash_step = max(job.crash_step, job.step)
            self.recovery.recover(job)
            self._dispatch()

    def _on_unavailable(self, device: str, reason: str) -> None:
        """Handle a worker that cannot paint at all; if none can, all queued jobs fail."""
        LOG.error("impasto: cannot paint on %s: %s", device, reason)
        if self.worker_pool.error:
            for job in self.job_store.queued():
                self.job_store.fail(job, reason)

    def _on_step(
        self,
        job: StudioJob,
        step: int,
        scale: tuple[int, int],
        loss: float,
        seconds_left: float,
        speed: float | None = None,
    ) -> None:
        job.step, job.scale, job.loss, job.speed = step, scale, loss, speed
        job.seconds_left = self.clock.left(job, seconds_left)
        if job.step > job.crash_step:
            job.crashes = 0
        job.record_loss(loss)
        self.job_store.publish_step(job)

    def _on_stopped(
        self, job: StudioJob, state: JobState, error: str | None, progress: dict[str, Any]
    ) -> None:
        """Take a job back from its worker."""
        self.clock.forget(job)
        job.speed = None
        job.step, job.scale = progress.pop("step", job.step), progress.pop("scale", job.scale)
        job.recipe.update(progress)
        if state == "queued":
            self.job_store.requeue(job)
        elif state == "failed":
            self.job_store.fail(job, error or "")
        elif state == "paused" and job.stop_request == "cancel":  # requested while the worker paused it
            self.recovery.cancel(job)
        elif state == "paused" and job.stop_request == "keep" and error is None:
            self.job_store.requeue(job)
        else:
            if error is not None and job.stop_request != "pause":
                self.room_queue.add(job, job.stop_request)
            self.job_store.set_state(job, state)
        self._dispatch()

    async def _wait_until_stopped(self, job: StudioJob) -> None:
        """Wait up to `STOP_SECONDS` until a job's stop request has been carried out."""
        end = time.monotonic() + STOP_SECONDS
        while job.stop_request is not None and time.monotonic() < end:
            await asyncio.sleep(0.02)
