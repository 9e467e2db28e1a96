"""The pool of painting processes: which are idle, which job each paints, and restarts after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from impasto.studio.processes import EXITED, ChildProcess

MODULE = "impasto.studio.paint_process"
# A worker that crashes before it is ready restarts after 1, 2, 4 ... seconds, at most this many.
MAX_RESTART_DELAY = 60.0


class Worker:
    """One process that paints on ``device``. ``job`` is the id of the job that it paints."""

    def __init__(self, device: str, on_message: Callable[[Worker, tuple[Any, ...]], None]) -> None:
        self.device = device
        self.job: str | None = None
        self.ready = False
        self.error: str | None = None
        self._on_message = on_message
        self._restart_delay = 0.0
        self._stopping = False
        self._restart_timer: asyncio.TimerHandle | None = None
        self._child = ChildProcess(MODULE, (device,), self._receive, low_priority=True)

    @property
    def pid(self) -> int | None:
        """The process id, None while there is no process."""
        return self._child.pid

    def start(self) -> None:
        """Start the process."""
        self._child.start()

    def send(self, *message: Any) -> None:
        """Send a message to the process."""
        self._child.send(message)

    def kill(self) -> None:
        """Kill the process; it is restarted."""
        self._child.kill()

    async def stop(self, seconds: float) -> None:
        """Tell the process to write a checkpoint and exit; kill it after ``seconds``."""
        self._stopping = True
        self.send("exit")
        if self._restart_timer is not None:
            self._restart_timer.cancel()
        await self._child.stop(seconds)

    def _receive(self, message: Any) -> None:
        if message is EXITED:
            was_ready, self.ready = self.ready, False
            job, self.job = self.job, None
            if job is not None:
                self._on_message(self, ("crashed", job))
            if self._stopping:
                return
            self._restart_delay = (
                0.0 if was_ready else min(MAX_RESTART_DELAY, max(1.0, 2 * self._restart_delay))
            )
            self._restart_timer = asyncio.get_running_loop().call_later(self._restart_delay, self.start)
            return
        if message[0] == "ready":
            self.ready, self.device, self.error = True, message[1], None
        elif message[0] == "unavailable":
            self.error = message[1]
            self._restart_delay = MAX_RESTART_DELAY / 2
        elif message[0] == "stopped":
            self.job = None
        self._on_message(self, message)


class WorkerPool:
    """All workers. ``on_message`` is called with a worker and its message."""

    def __init__(
        self, devices: tuple[str, ...], on_message: Callable[[Worker, tuple[Any, ...]], None]
    ) -> None:
        self._on_message = on_message
        self._add_gpus = devices == ("auto",)
        self.workers = [Worker(device, self._receive) for device in devices]

    @property
    def device(self) -> str | None:
        """The device of the first worker that is ready, None until one is."""
        return next((worker.device for worker in self.workers if worker.ready), None)

    @property
    def error(self) -> str | None:
        """The reason why no worker can paint, None while one can or may."""
        if all(worker.error for worker in self.workers):
            return self.workers[0].error
        return None

    def start(self) -> None:
        """Start all workers."""
        for worker in self.workers:
            worker.start()

    def idle(self) -> Worker | None:
        """Return a worker that is ready and has no job, None if there is none."""
        return next((worker for worker in self.workers if worker.ready and worker.job is None), None)

    def worker_of(self, job_id: str) -> Worker | None:
        """Return the worker that paints a job, None if there is none."""
        return next((worker for worker in self.workers if worker.job == job_id), None)

    async def stop(self, seconds: float) -> None:
        """Tell all workers to write checkpoints and exit; kill those that are still running after ``seconds``."""
        await asyncio.gather(*(worker.stop(seconds) for worker in self.workers))

    def _receive(self, worker: Worker, message: tuple[Any, ...]) -> None:
        if message[0] == "ready" and self._add_gpus and message[1].startswith("cuda"):
            self._add_gpus = False
            for index in range(1, message[2]):
                self.workers.append(Worker(f"cuda:{index}", self._receive))
                self.workers[-1].start()
        self._on_message(worker, message)
