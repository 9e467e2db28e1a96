"""The studio itself: which process paints which job, and what clients may do with one."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from impasto.feedforward.pretrained import pretrained_networks
from impasto.studio.database import Database
from impasto.studio.event_bus import EventBus
from impasto.studio.folder import Folder, new_id
from impasto.studio.job_store import JobStore
from impasto.studio.jobs import ENDED, Leaving, State, StudioJob
from impasto.studio.latest_only import LatestOnlyQueue
from impasto.studio.models import JobBody
from impasto.studio.pictures import PictureStore
from impasto.studio.processes import Helper, RequestError
from impasto.studio.requests import changed, files_of, recipe_of
from impasto.studio.settings import StudioSettings
from impasto.studio.workers import Worker, WorkerPool

# A job that so many processes died of, without getting any further, is given up.
MOST_DEATHS = 3
LOG = logging.getLogger("impasto.studio")
SETTLE_SECONDS = 10.0
EXIT_SECONDS = 20.0


class Studio:
    """One studio, in the event loop's thread. Made without a loop; `start` and `end` want one.

    Raises OutputError where its folder cannot be used.
    """

    def __init__(self, settings: StudioSettings) -> None:
        self.settings, limits = settings, settings.limits
        self.folder = Folder(settings.data)
        self.database = Database(self.folder.database)
        self.folder.clean()
        self.hub = EventBus(limits.watchers)
        self.desk = Helper("impasto.studio.image_service", limits.waiting)
        self.previewer = Helper("impasto.studio.preview_process", limits.waiting)
        self.latest = LatestOnlyQueue(self.previewer, limits.waiting)
        self.pictures = PictureStore(self.folder, self.database, self.desk, limits)
        self.ledger = JobStore(self.folder, self.database, self.pictures, self.hub, limits)
        self.crew = WorkerPool(settings.devices, self._heard)
        self._ending = False

    async def start(self) -> None:
        """Take up what an earlier server left, and start the processes."""
        self.pictures.add_samples()
        self.ledger.open()
        for job in list(self.ledger.active.values()):
            if job.state == "running":
                self._orphaned(job)
        self.crew.start()
        self.desk.start()

    async def end(self) -> None:
        """Let running jobs save where they are, and stop every process."""
        self._ending = True
        self.hub.close()
        await self.crew.end(EXIT_SECONDS)
        for job in list(self.ledger.active.values()):
            if job.state == "running":
                self._orphaned(job)
            self.ledger.keep_preview(job)
        await asyncio.gather(self.desk.end(), self.previewer.end())
        self.database.close()

    @property
    def can_preview(self) -> bool:
        """Whether the network for previews in one pass is there."""
        return "any" in pretrained_networks()

    def submit(self, body: JobBody) -> StudioJob:
        """Queue a job; raises `RequestError` or `RecipeError` for what cannot be painted."""
        recipe = recipe_of(body, self.settings.limits.styles).to_json()
        guides = body.guides.ids()
        files_of(self.pictures, recipe, body.content, body.styles, guides)
        most = self.settings.limits.queue
        if len(self.ledger.active) >= most:
            raise RequestError(429, f"{most} jobs are not finished yet; wait for one, or cancel one.")
        if self.crew.broken:
            raise RequestError(409, f"Nothing can be painted here: {self.crew.broken}")
        rank = self.ledger.rank(front=False)
        job = StudioJob(new_id(), recipe, guides, body.content, list(body.styles), time.time(), rank)
        self.ledger.add(job)
        self._dispatch()
        return job

    async def leave(self, job: StudioJob, how: Leaving) -> None:
        """Pause, cancel or keep a job; raises `RequestError` where its state does not allow it."""
        if job.state in ENDED:
            raise RequestError(409, f"This job is {job.state} already.")
        if job.state == "running":
            job.wish = how
            self.ledger.save(job)
            hand = self.crew.at(job.id)
            if hand is not None:
                hand.send("leave", job.id, how)
            await self._settled(job)
        elif how == "pause":
            self.ledger.move(job, "paused")
        elif how == "cancel":
            self.folder.checkpoint(job.id).unlink(missing_ok=True)
            self.ledger.move(job, "stopped")
        elif not self.folder.checkpoint(job.id).is_file():
            raise RequestError(409, "This job has not begun, so that there is no picture to keep; cancel it.")
        else:
            job.wish = "keep"
            self.ledger.queue(job)
            self._dispatch()
            await self._settled(job)

    def resume(self, job: StudioJob) -> None:
        """Queue a paused job again, in front; raises `RequestError` where its state does not allow it."""
        failed = job.state == "failed" and self.folder.checkpoint(job.id).is_file()
        if job.state != "paused" and not failed:
            raise RequestError(409, f"This job is {job.state}; only a paused one is resumed.")
        job.ended = job.error = None
        job.deaths = 0
        self.ledger.queue(job)
        self._dispatch()

    def change(self, job: StudioJob, strength: float | None, mix: list[float] | None) -> None:
        """Change a job that is not finished, also while it runs; raises `RequestError` or `RecipeError`."""
        if job.state in ENDED:
            raise RequestError(409, f"This job is {job.state} already; paint a new one.")
        job.recipe = changed(job, strength, mix)
        hand = self.crew.at(job.id)
        if hand is not None:
            hand.send("change", job.id, strength, mix)
        self.ledger.changed(job)

    async def forget(self, job: StudioJob) -> None:
        """Remove a job and its files; one that runs is stopped first."""
        if job.state == "running":
            await self.leave(job, "cancel")
            hand = self.crew.at(job.id)
            if hand is not None:
                hand.kill()
        self.ledger.forget(job)

    def _dispatch(self) -> None:
        """Give the next jobs to the processes that are free."""
        for job in self.ledger.queued():
            hand = None if self._ending else self.crew.free()
            if hand is None:
                return
            try:
                files = files_of(self.pictures, job.recipe, job.content, job.styles, job.guides)
            except RequestError as error:
                self.ledger.fail(job, str(error))
                continue
            folder = self.folder.job(job.id)
            folder.mkdir(exist_ok=True)
            hand.job = job.id
            hand.send("paint", {"id": job.id, "folder": folder, "keep": job.wish == "keep", **files})
            self.ledger.move(job, "running")

    def _heard(self, hand: Worker, message: tuple[Any, ...]) -> None:
        """Take in what a process said."""
        kind, *rest = message
        if kind == "ready" and not self._ending:
            if self.can_preview:
                self.previewer.start()
            self._dispatch()
        if kind == "broken":
            self._broken(hand.device, rest[0])
        job = self.ledger.active.get(rest[0]) if rest else None
        if job is None:
            if kind in ("left", "died"):  # it was forgotten meanwhile
                self._dispatch()
        elif kind == "started":
            job.steps, job.step = rest[1], rest[2]
            self.ledger.changed(job)
        elif kind == "step":
            job.step, job.scale, job.loss, job.seconds_left = rest[1:]
            if job.step > job.died_at:
                job.deaths = 0
            job.note_loss(rest[3])
            self.ledger.stepped(job)
        elif kind == "preview":
            self.ledger.previewed(job, rest[1])
        elif kind == "left":
            self._left(job, *rest[1:])
        elif kind == "died":
            job.deaths += not self._ending
            job.died_at = max(job.died_at, job.step)
            self._orphaned(job)
            self._dispatch()

    def _broken(self, device: str, sentence: str) -> None:
        """Take in that a process cannot paint at all; where none can, jobs need not wait."""
        LOG.error("impasto: no painting on %s: %s", device, sentence)
        if self.crew.broken:
            for job in self.ledger.queued():
                self.ledger.fail(job, sentence)

    def _left(self, job: StudioJob, state: State, sentence: str | None, facts: dict[str, Any]) -> None:
        """Take in how a process left a job."""
        job.step = facts.pop("step", job.step)
        job.recipe.update(facts)
        if state == "queued":
            self.ledger.queue(job)
        elif state == "failed":
            self.ledger.fail(job, sentence or "")
        else:
            self.ledger.move(job, state)
        self._dispatch()

    def _orphaned(self, job: StudioJob) -> None:
        """Do with a job whose process is gone what is left to do."""
        if job.wish == "pause":
            self.ledger.move(job, "paused")
        elif job.wish == "cancel":
            self.folder.checkpoint(job.id).unlink(missing_ok=True)
            self.ledger.move(job, "stopped")
        elif job.deaths >= MOST_DEATHS:
            self.ledger.fail(
                job,
                f"The process that painted this died {job.deaths} times, perhaps for want of memory; "
                "choose a smaller size.",
            )
        else:
            self.ledger.queue(job)

    async def _settled(self, job: StudioJob) -> None:
        """Wait a little until what was wished for has happened."""
        end = time.monotonic() + SETTLE_SECONDS
        while job.wish is not None and time.monotonic() < end:
            await asyncio.sleep(0.02)
