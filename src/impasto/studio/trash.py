"""The trash: deleted jobs that can be restored for some minutes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence

from impasto.studio.errors import RequestError
from impasto.studio.job_store import JobStore
from impasto.studio.jobs import StopRequest, StudioJob

TRASH_SECONDS = 600.0


class Trash:
    """Deleted jobs of a studio. They are deleted for good after `TRASH_SECONDS`, or at once if room is needed.

    ``release`` stops a running job, ``dispatch`` starts queued ones.
    """

    def __init__(
        self,
        job_store: JobStore,
        release: Callable[[StudioJob, StopRequest], Awaitable[None]],
        dispatch: Callable[[], None],
    ) -> None:
        self._job_store, self._release, self._dispatch = job_store, release, dispatch
        self._timer: asyncio.TimerHandle | None = None

    async def put(self, job_ids: Sequence[str]) -> list[StudioJob]:
        """Put jobs in the trash; running ones are paused first. Ids without a job are left out."""
        jobs = []
        for job_id in dict.fromkeys(job_ids):
            with contextlib.suppress(RequestError):
                jobs.append(self._job_store.get(job_id))
        # Waiting jobs first: a running one that stops lets the next one start.
        for job in sorted(jobs, key=lambda job: job.state == "running"):
            await self._release(job, "pause")
            if job.state == "running":  # its worker did not answer and was killed
                self._job_store.set_state(job, "paused")
            self._job_store.trash(job)
        self.empty()
        return jobs

    def restore(self, job_ids: Sequence[str]) -> list[StudioJob]:
        """Take jobs out of the trash; return those that were there. Queued ones are queued again."""
        restored = self._job_store.restore(job_ids)
        self._dispatch()
        return restored

    def empty(self) -> None:
        """Delete for good what has been in the trash for `TRASH_SECONDS`, and come back for the rest."""
        self._job_store.empty_trash(time.time() - TRASH_SECONDS)
        self.close()
        if self._job_store.database.trashed():
            self._timer = asyncio.get_running_loop().call_later(TRASH_SECONDS, self.empty)

    def close(self) -> None:
        """Stop waiting; the next server empties the trash."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
