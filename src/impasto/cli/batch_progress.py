"""Progress of a batch: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from impasto.cli.console import duration, one_line, print_result, print_status
from impasto.cli.picture_progress import PictureBar
from impasto.cli.recurring import RecurringTimer

if TYPE_CHECKING:
    from impasto.batch import BatchRow

LINE_SECONDS = 5.0


class BatchProgress:
    """Shows how many of ``count`` pictures are done and how long the rest takes.

    The time left follows from the pictures painted by this run: those found finished cost none. The first one counts
    only until there is a second, because models are opened for it. ``clock`` returns seconds from any start.
    """

    def __init__(
        self, count: int, quiet: bool, names: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.count, self.quiet, self.names = count, quiet, names
        self.done = self.painted = self.failed = 0
        self.bar = PictureBar(count, quiet)
        self._clock = clock
        self._started = clock()
        self._first = self._started
        self._lines = RecurringTimer(LINE_SECONDS)

    def show(self, name: str, share: float) -> None:
        """Show the picture that is painted and its share."""
        if self.quiet:
            return
        left = self.seconds_left(share)
        text = "" if left is None else f", {duration(left)} left"
        self.bar.show(f"{name}{text}".removeprefix(", "), self.done, share)
        if not sys.stderr.isatty() and self._lines.due():
            failed = f", {self.failed} failed" if self.failed else ""
            now = f"; now {name} ({share:.0%})" if name else ""
            print_status(f"{self.done} of {self.count} pictures{failed}{text}{now}")

    def add(self, row: BatchRow) -> None:
        """Take the row of a picture that is done: print its name, or its error."""
        self.done += 1
        self.painted += row.state == "painted"
        if self.painted == 1 and row.state == "painted":
            self._first = self._clock()
        self.failed += row.state in ("failed", "changed")
        if row.error is not None:
            print_status(f"impasto: {row.id}: {one_line(row.error)}")
        elif row.state == "painted" and self.names and not self.quiet:
            print_result(row.out)

    def seconds_left(self, share: float = 0.0) -> float | None:
        """Return the time left for the pictures that are not done; None before the first is painted."""
        if not self.painted and share <= 0.0:
            return None
        since, painted = (
            (self._first, self.painted - 1) if self.painted > 1 else (self._started, self.painted)
        )
        each = (self._clock() - since) / (painted + share)
        return each * max(0.0, self.count - self.done - share)
