"""A worker without a process, and a small job, for tests of the queue."""

from __future__ import annotations

import queue
from types import SimpleNamespace

from impasto.painting import OpenModels
from impasto.studio.models import JobBody
from impasto.studio.paint_process import PaintWorker
from impasto.studio.processes import EXITED
from impasto.studio.service import StudioService
from impasto.studio.workers import Worker

from .conftest import TINY


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


def states(studio: StudioService, *jobs) -> list[str]:
    return [studio.job_store.get(job.id).state for job in jobs]


def worker_here(sent: list[tuple]) -> PaintWorker:
    """A worker that paints in the test's process; its messages are added to ``sent``."""
    worker = PaintWorker.__new__(PaintWorker)  # its thread and its signal handler belong into another process
    worker.pipe, worker.device = SimpleNamespace(send=sent.append), "cpu"
    worker.messages, worker.exiting, worker.models = queue.SimpleQueue(), False, OpenModels()
    return worker
