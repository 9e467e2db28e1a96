"""Timers of what recurs while a command runs: progress lines, previews, checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable


class RecurringTimer:
    """Due `first` seconds after the start (default: `every`), and then `every` seconds after it was last due.

    `clock` returns seconds from any start.
    """

    def __init__(
        self, every: float, first: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.every = every
        self.clock = clock
        self.next = clock() + (every if first is None else first)

    def due(self) -> bool:
        """Return whether the time has come; if so, the timer starts again."""
        if self.clock() < self.next:
            return False
        self.restart()
        return True

    def restart(self) -> None:
        """Start again: due in `every` seconds."""
        self.next = self.clock() + self.every
