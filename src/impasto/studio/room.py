"""A full disk: jobs that it stopped wait here until there is room again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from impasto.imaging.atomic import free_bytes
from impasto.studio.jobs import StopRequest, StudioJob

NO_ROOM = "The disk is full; painting continues when there is room."
RETRY_SECONDS = 30.0
# Enough for the checkpoint and the picture of most jobs.
MIN_FREE_BYTES = 64_000_000


class RoomQueue:
    """Paused jobs that wait for room on the disk of ``folder``. ``resume`` is called with each once there is some."""

    def __init__(self, folder: Path, resume: Callable[[StudioJob], None]) -> None:
        self._folder, self._resume = folder, resume
        self._waiting: dict[str, tuple[StudioJob, StopRequest | None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def add(self, job: StudioJob, request: StopRequest | None = None) -> None:
        """Let a job wait. ``request`` is the stop request that the full disk prevented."""
        self._waiting[job.id] = job, request
        job.error = NO_ROOM
        if self._timer is None and not self._closed:
            self._wait()

    def remove(self, job: StudioJob) -> None:
        """Let a job no longer wait."""
        if self._waiting.pop(job.id, None) is not None:
            job.error = None

    def close(self) -> None:
        """Stop looking for room; the next server looks again."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(RETRY_SECONDS, self._retry)

    def _retry(self) -> None:
        self._timer = None
        if free_bytes(self._folder) < MIN_FREE_BYTES:
            self._wait()
            return
        # The first job is put at the front of the queue last.
        for job, request in reversed(list(self._waiting.values())):
            self.remove(job)
            job.stop_request = request
            self._resume(job)
