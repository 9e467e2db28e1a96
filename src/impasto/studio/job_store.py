"""What is known of every job: kept on the disk, told to who watches, and forgotten when there is too much."""

from __future__ import annotations

import json
import time
from typing import Any

from impasto.studio.database import Database
from impasto.studio.event_bus import EventBus
from impasto.studio.folder import Folder
from impasto.studio.jobs import ENDED, State, StudioJob
from impasto.studio.pictures import PictureStore
from impasto.studio.processes import RequestError
from impasto.studio.settings import Limits

SAVE_SECONDS = 1.0
# A picture that was just sent is not forgotten before it could be used.
FRESH_SECONDS = 900.0


class JobStore:
    """Jobs by id: ``active`` ones in memory, all in the database; every change goes through here."""

    def __init__(
        self, folder: Folder, database: Database, pictures: PictureStore, hub: EventBus, limits: Limits
    ) -> None:
        self.folder, self.database, self.pictures, self.hub, self.limits = (
            folder, database, pictures, hub, limits
        )  # fmt: skip
        self.active: dict[str, StudioJob] = {}
        self.previews: dict[str, bytes] = {}
        self._saved: dict[str, float] = {}
        self._positions: dict[str, int] = {}

    def open(self) -> None:
        """Take up what an earlier server left."""
        self.active = {job.id: job for job in self.database.active()}
        self._positions = self._found_positions()

    def job(self, name: str) -> StudioJob:
        """Return a job; raises `RequestError` where there is none."""
        found = self.active.get(name) or self.database.job(name)
        if found is None:
            raise RequestError(404, f"There is no job {name}.")
        return found

    def public(self, job: StudioJob) -> dict[str, Any]:
        """Return a job as clients see it."""
        return job.public(self._positions.get(job.id))

    def queued(self) -> list[StudioJob]:
        """Return the jobs that wait, the next one first."""
        return sorted(
            (job for job in self.active.values() if job.state == "queued"), key=lambda job: job.rank
        )

    def add(self, job: StudioJob) -> None:
        """Take in a new job."""
        self.database.save(job)
        self.folder.job(job.id).mkdir(exist_ok=True)
        self.database.touch(job.pictures, job.created)
        self.active[job.id] = job
        self.changed(job)

    def rank(self, *, front: bool) -> float:
        """Return a rank before or after those of all jobs that are not finished."""
        ranks = [job.rank for job in self.active.values()] or [0.0]
        return min(ranks) - 1 if front else max(ranks) + 1

    def queue(self, job: StudioJob) -> None:
        """Put a job at the front of the queue."""
        self.active[job.id] = job
        job.rank = self.rank(front=True)
        job.state = "queued"
        self.changed(job)

    def fail(self, job: StudioJob, sentence: str) -> None:
        """End a job that cannot be painted."""
        job.error = self.pictures.names_for(sentence)
        self.move(job, "failed")

    def move(self, job: StudioJob, state: State) -> None:
        """Bring a job into a state."""
        job.state = state
        if state != "running":
            job.wish = None
            job.has_picture = self.folder.result(job.id).is_file()
            self.keep_preview(job)
            job.bytes = self.folder.job_bytes(job.id)
        if state in ENDED:
            job.ended, job.seconds_left = time.time(), None
            self.active.pop(job.id, None)
        self.changed(job)
        if state in ENDED:
            self.hub.publish(job.id, "done", json.dumps(self.public(job)))
            self._saved.pop(job.id, None)
            self.tidy()

    def changed(self, job: StudioJob) -> None:
        """Save a job and tell who watches it, and those behind it in the queue that moved."""
        self.save(job)
        before, self._positions = self._positions, self._found_positions()
        for name, position in self._positions.items():
            if name != job.id and before.get(name) != position and self.hub.watched(name):
                self.hub.publish(name, "state", json.dumps(self.public(self.active[name])))
        self.hub.publish(job.id, "state", json.dumps(self.public(job)))

    def stepped(self, job: StudioJob) -> None:
        """Tell how far a job is; it is saved about once a second."""
        self.hub.publish(job.id, "step", json.dumps(job.step_json()))
        if time.monotonic() - self._saved.get(job.id, 0.0) > SAVE_SECONDS:
            self.save(job)

    def previewed(self, job: StudioJob, data: bytes) -> None:
        """Take in a preview."""
        self.previews[job.id] = data
        job.preview_number = self.hub.number()
        self.hub.publish(job.id, "preview", json.dumps({"url": preview_url(job)}))

    def keep_preview(self, job: StudioJob) -> None:
        """Put the last preview on the disk, where it may outlive the server."""
        data = self.previews.pop(job.id, None)
        if data is not None and self.folder.job(job.id).is_dir():
            self.folder.preview(job.id).write_bytes(data)

    def save(self, job: StudioJob) -> None:
        """Write a job's row."""
        self._saved[job.id] = time.monotonic()
        self.database.save(job)

    def forget(self, job: StudioJob) -> None:
        """Remove a job and its files."""
        if self.active.pop(job.id, None) is not None:
            job.state = "stopped"
            self.changed(job)
            self.hub.publish(job.id, "done", json.dumps(self.public(job)))
        self._forget(job.id)

    def tidy(self) -> bool:
        """Forget the oldest until the history has its size; return whether that was possible."""
        now = time.time()
        while self.database.bytes() > self.limits.history_bytes:
            oldest = self.database.oldest(self.pictures.samples, now - FRESH_SECONDS)
            if oldest is None:
                return False
            kind, name = oldest
            if kind == "job":
                self._forget(name)
            else:
                self.pictures.forget(name)
        return True

    def _forget(self, name: str) -> None:
        self.database.forget(name)
        self.folder.forget_job(name)
        self.previews.pop(name, None)
        self._saved.pop(name, None)

    def _found_positions(self) -> dict[str, int]:
        return {job.id: number for number, job in enumerate(self.queued(), 1)}


def preview_url(job: StudioJob) -> str:
    """Return where the newest preview is; every one has an address of its own."""
    return f"/api/jobs/{job.id}/preview?v={job.preview_number}"
