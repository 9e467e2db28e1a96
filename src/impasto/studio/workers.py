"""The processes that paint, as the server sees them: which is free, what each is at, and that they come back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from impasto.studio.processes import DIED, Child

MODULE = "impasto.studio.paint_process"
# A process that dies before it is ready is started again after 1, 2, 4 ... seconds, at most so many.
LONGEST_WAIT = 60.0


class Worker:
    """One process that paints on ``device``; ``job`` is the id of what it is at."""

    def __init__(self, device: str, heard: Callable[[Worker, tuple[Any, ...]], None]) -> None:
        self.device = device
        self.job: str | None = None
        self.ready = False
        self.broken: str | None = None
        self._heard = heard
        self._wait = 0.0
        self._ending = False
        self._again: asyncio.TimerHandle | None = None
        self._child = Child(MODULE, (device,), self._hear, patient=True)

    @property
    def pid(self) -> int | None:
        """The process's number, None when there is none."""
        return self._child.pid

    def start(self) -> None:
        """Start the process."""
        self._child.start()

    def send(self, *message: Any) -> None:
        """Send a message."""
        self._child.send(message)

    def kill(self) -> None:
        """End the process at once; it is started again."""
        self._child.kill()

    async def end(self, seconds: float) -> None:
        """Tell the process to save what it is at and leave, and kill it if it does not in time."""
        self._ending = True
        self.send("exit")
        if self._again is not None:
            self._again.cancel()
        await self._child.end(seconds)

    def _hear(self, message: Any) -> None:
        if message is DIED:
            was_ready, self.ready = self.ready, False
            job, self.job = self.job, None
            if job is not None:
                self._heard(self, ("died", job))
            if self._ending:
                return
            self._wait = 0.0 if was_ready else min(LONGEST_WAIT, max(1.0, 2 * self._wait))
            self._again = asyncio.get_running_loop().call_later(self._wait, self.start)
            return
        if message[0] == "ready":
            self.ready, self.device, self.broken = True, message[1], None
        elif message[0] == "broken":
            self.broken = message[1]
            self._wait = LONGEST_WAIT / 2
        elif message[0] == "left":
            self.job = None
        self._heard(self, message)


class WorkerPool:
    """Every process that paints. ``heard`` gets what they send."""

    def __init__(self, devices: tuple[str, ...], heard: Callable[[Worker, tuple[Any, ...]], None]) -> None:
        self._outer = heard
        self._automatic = devices == ("auto",)
        self.hands = [Worker(device, self._hear) for device in devices]

    @property
    def device(self) -> str | None:
        """What the first that is ready paints on, None before."""
        return next((hand.device for hand in self.hands if hand.ready), None)

    @property
    def broken(self) -> str | None:
        """Why no process can paint, None where one can or may."""
        if all(hand.broken for hand in self.hands):
            return self.hands[0].broken
        return None

    def start(self) -> None:
        """Start every process."""
        for hand in self.hands:
            hand.start()

    def free(self) -> Worker | None:
        """Return a process that could take a job now."""
        return next((hand for hand in self.hands if hand.ready and hand.job is None), None)

    def at(self, job: str) -> Worker | None:
        """Return the process that is at a job."""
        return next((hand for hand in self.hands if hand.job == job), None)

    async def end(self, seconds: float) -> None:
        """Tell every process to save what it is at and leave, and wait so long for it."""
        await asyncio.gather(*(hand.end(seconds) for hand in self.hands))

    def _hear(self, hand: Worker, message: tuple[Any, ...]) -> None:
        if message[0] == "ready" and self._automatic and message[1].startswith("cuda"):
            self._automatic = False
            for card in range(1, message[2]):
                self.hands.append(Worker(f"cuda:{card}", self._hear))
                self.hands[-1].start()
        self._outer(hand, message)
