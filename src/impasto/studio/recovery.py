"""What becomes of a running job whose worker has ended: by a crash, or with the server."""

from __future__ import annotations

from impasto.studio.folder import StudioFolder
from impasto.studio.job_store import JobStore
from impasto.studio.jobs import StudioJob

# A job fails after this many crashes of its worker without progress in between.
MAX_CRASHES = 3


class Recovery:
    """Carries out the stop requests of jobs whose worker has ended, or queues them again."""

    def __init__(self, folder: StudioFolder, job_store: JobStore) -> None:
        self._folder, self._job_store = folder, job_store

    def recover_running(self) -> None:
        """Recover all jobs that are still marked as running."""
        for job in list(self._job_store.active.values()):
            if job.state == "running":
                self.recover(job)

    def recover(self, job: StudioJob) -> None:
        """Recover one job. A worker that was killed after it had written the picture has finished the job."""
        if self._folder.result(job.id).is_file():
            self._folder.remove_progress(job.id)
            self._job_store.set_state(job, "stopped" if job.stop_request in ("keep", "cancel") else "done")
        elif job.stop_request == "pause":
            self._job_store.set_state(job, "paused")
        elif job.stop_request == "cancel":
            self.cancel(job)
        elif job.crashes >= MAX_CRASHES:
            self._job_store.fail(
                job,
                f"The worker crashed {job.crashes} times on this job, perhaps out of memory; "
                "choose a smaller size.",
            )
        else:
            self._job_store.requeue(job)

    def cancel(self, job: StudioJob) -> None:
        """End a job without a picture."""
        self._folder.remove_progress(job.id)
        self._job_store.set_state(job, "stopped")
