"""The process of a worker, and what the driver knows of it."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# What a process of the cluster does with one argument.
Work = Callable[[Any], Any]


class PoolActor:
    """A process of the cluster; ``open_work`` returns the function that it runs."""

    def __init__(self, open_work: Callable[[], Work], threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        self.work = open_work()

    def answer(self) -> None:
        """Show that the process is there."""

    def pid(self) -> int:
        """Return the number of the process."""
        return os.getpid()

    def run(self, argument: Any) -> tuple[float, Any]:
        """Return the seconds and the result of one piece of work."""
        started = time.perf_counter()
        result = self.work(argument)
        return time.perf_counter() - started, result


@dataclass(eq=False)
class PoolWorker:
    """An actor and the ids of its work, in order.

    ``answer`` is Ray's reference of its first answer, None once it came. ``running_at_end`` is the id that the actor
    worked on when it was lost.
    """

    actor: Any
    answer: Any
    keys: deque[str] = field(default_factory=deque)
    running_at_end: str | None = None
