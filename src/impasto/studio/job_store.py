"""The store of all jobs: saved to the database, published to subscribers, pruned when the history grows too large."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Collection
from typing import Any

from impasto.studio.database import Database
from impasto.studio.errors import RequestError, is_disk_full
from impasto.studio.event_bus import EventBus
from impasto.studio.folder import StudioFolder
from impasto.studio.job_words import default_name, search_words
from impasto.studio.jobs import ENDED, JobState, StudioJob
from impasto.studio.logs import JOBS, log_event
from impasto.studio.pictures import PictureStore
from impasto.studio.settings import Limits

SAVE_SECONDS = 1.0
# An uploaded picture is not pruned before a job could use it.
FRESH_SECONDS = 900.0


class JobStore:
    """Jobs by id: ``active`` ones in memory, all in the database. Every change of a job goes through here."""

    def __init__(
        self,
        folder: StudioFolder,
        database: Database,
        pictures: PictureStore,
        event_bus: EventBus,
        limits: Limits,
    ) -> None:
        self.folder, self.database, self.pictures = folder, database, pictures
        self.event_bus, self.limits = event_bus, limits
        self.active: dict[str, StudioJob] = {}
        self.previews: dict[str, bytes] = {}
        self.ended_counts: Counter[str] = Counter()
        self._saved_at: dict[str, float] = {}
        self._positions: dict[str, int] = {}

    def load(self) -> None:
        """Load the unfinished jobs of an earlier server."""
        self.active = {job.id: job for job in self.database.active()}
        self._positions = self._queue_positions()
        for job in self.database.without_words():  # of an older version
            self._describe(job)
            self.database.save(job)

    def get(self, job_id: str) -> StudioJob:
        """Return a job; raises `RequestError` if there is none."""
        job = self.active.get(job_id) or self.database.job(job_id)
        if job is None:
            raise RequestError(404, f"There is no job {job_id}.")
        return job

    def to_json(self, job: StudioJob) -> dict[str, Any]:
        """Return a job for clients."""
        return job.to_json(self._positions.get(job.id))

    def queued(self) -> list[StudioJob]:
        """Return the queued jobs, the next one first."""
        return sorted(
            (job for job in self.active.values() if job.state == "queued"), key=lambda job: job.rank
        )

    def add(self, job: StudioJob) -> None:
        """Add a new job."""
        self.folder.job(job.id).mkdir(exist_ok=True)
        self._describe(job)
        try:
            self.database.save(job)
        except sqlite3.Error:
            self.folder.remove_job(job.id)
            raise
        self.database.touch(job.pictures, job.created)
        if job.state not in ENDED:
            self.active[job.id] = job
        self.save_and_publish(job)

    def next_rank(self, *, front: bool) -> float:
        """Return a rank before or after those of all unfinished jobs."""
        ranks = [job.rank for job in self.active.values()] or [0.0]
        return min(ranks) - 1 if front else max(ranks) + 1

    def requeue(self, job: StudioJob) -> None:
        """Put a job at the front of the queue."""
        self.active[job.id] = job
        job.rank = self.next_rank(front=True)
        job.state = "queued"
        self.save_and_publish(job)

    def fail(self, job: StudioJob, message: str) -> None:
        """End a job that cannot be painted."""
        job.error = self.pictures.with_names(message)
        self.set_state(job, "failed")

    def set_state(self, job: StudioJob, state: JobState) -> None:
        """Change a job's state."""
        job.state = state
        self.ended_counts[state] += state in ENDED
        level = logging.WARNING if state == "failed" else logging.INFO
        log_event(
            JOBS, level, "job", id=job.id, state=state, step=job.step, steps=job.steps, reason=job.error
        )
        if state != "running":
            job.stop_request = None
            job.has_picture = self.folder.result(job.id).is_file()
            self.save_preview(job)
            job.bytes = self.folder.job_bytes(job.id)
        if state in ENDED:
            job.ended, job.seconds_left = time.time(), None
            self.active.pop(job.id, None)
        self.save_and_publish(job)
        if state in ENDED:
            self.event_bus.publish(job.id, "done", json.dumps(self.to_json(job)))
            self._saved_at.pop(job.id, None)
            self.prune()

    def save_and_publish(self, job: StudioJob) -> None:
        """Save a job and publish its state, and that of queued jobs whose position has changed."""
        self._describe(job)
        self.save(job)
        before, self._positions = self._positions, self._queue_positions()
        for job_id, position in self._positions.items():
            moved = job_id != job.id and before.get(job_id) != position
            if moved and self.event_bus.has_subscribers(job_id):
                self.event_bus.publish(job_id, "state", json.dumps(self.to_json(self.active[job_id])))
        self.event_bus.publish(job.id, "state", json.dumps(self.to_json(job)))

    def publish_step(self, job: StudioJob) -> None:
        """Publish a job's progress, and save it about once a second."""
        self.event_bus.publish(job.id, "step", json.dumps(job.progress_json()))
        if time.monotonic() - self._saved_at.get(job.id, 0.0) > SAVE_SECONDS:
            self.save(job)

    def publish_preview(self, job: StudioJob, data: bytes) -> None:
        """Keep a job's newest preview in memory and publish its address."""
        self.previews[job.id] = data
        job.preview_number = self.event_bus.next_number()
        self.event_bus.publish(job.id, "preview", json.dumps({"url": preview_url(job)}))

    def save_preview(self, job: StudioJob) -> None:
        """Move a job's newest preview from memory to disk, where it survives the server."""
        data = self.previews.pop(job.id, None)
        if data is not None and self.folder.job(job.id).is_dir():
            try:
                self.folder.preview(job.id).write_bytes(data)
            except OSError as error:  # on a full disk the job goes without
                self.folder.preview(job.id).unlink(missing_ok=True)
                if not is_disk_full(error):
                    raise

    def save(self, job: StudioJob) -> None:
        """Write a job's row; on a full disk it keeps its old values until the next change."""
        self._saved_at[job.id] = time.monotonic()
        try:
            self.database.save(job)
        except sqlite3.Error as error:
            if not is_disk_full(error):
                raise

    def delete(self, job: StudioJob) -> None:
        """Delete a job and its files."""
        if self.active.pop(job.id, None) is not None:
            job.state = "stopped"
            self.save_and_publish(job)
            self.event_bus.publish(job.id, "done", json.dumps(self.to_json(job)))
        self._delete(job.id)

    def trash(self, job: StudioJob) -> None:
        """Hide a job that does not run; its files stay until `empty_trash`."""
        self.active.pop(job.id, None)
        job.deleted = time.time()
        self.save_and_publish(job)
        self.event_bus.publish(job.id, "done", json.dumps(self.to_json(job)))

    def restore(self, job_ids: Collection[str]) -> list[StudioJob]:
        """Take jobs out of the trash; return those that were there."""
        restored = [job for job in self.database.trashed() if job.id in job_ids]
        for job in restored:
            job.deleted = None
            if job.state not in ENDED:
                self.active[job.id] = job
            self.save_and_publish(job)
        return restored

    def empty_trash(self, before: float) -> None:
        """Delete the jobs that were put in the trash before a time."""
        for job in self.database.trashed():
            if job.deleted is not None and job.deleted <= before:
                self._delete(job.id)

    def prune(self) -> bool:
        """Delete the oldest jobs and pictures until the history has its size; return whether that was possible."""
        now = time.time()
        while self.database.bytes() > self.limits.history_bytes:
            oldest = self.database.oldest(self.pictures.samples, now - FRESH_SECONDS)
            if oldest is None:
                return False
            kind, old_id = oldest
            if kind == "job":
                self._delete(old_id)
            else:
                self.pictures.delete(old_id)
        return True

    def _delete(self, job_id: str) -> None:
        self.database.delete(job_id)
        self.folder.remove_job(job_id)
        self.previews.pop(job_id, None)
        self._saved_at.pop(job_id, None)

    def _describe(self, job: StudioJob) -> None:
        """Give a job without a name the default one, and bring its words for searches up to date."""
        rows = [self.database.picture(picture_id) for picture_id in (job.content, *job.styles) if picture_id]
        names = {row.id: row.name for row in rows if row is not None}
        job.name = job.name or default_name(job, names)
        job.words = search_words(job, names)

    def _queue_positions(self) -> dict[str, int]:
        return {job.id: position for position, job in enumerate(self.queued(), 1)}


def preview_url(job: StudioJob) -> str:
    """Return the address of a job's newest preview; each preview has its own."""
    return f"api/jobs/{job.id}/preview?v={job.preview_number}"
