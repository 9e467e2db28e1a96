"""Progress of a study: a bar over its cells on a terminal, lines elsewhere, or nothing."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from impasto.cli.console import duration, print_status, wide_console

if TYPE_CHECKING:
    from impasto.lab import CellDone, StudyEvent

LINE_SECONDS = 10.0


class StudyProgress:
    """Tracks how far a study is and prints nothing; base class of `StudyLines` and `StudyBar`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.done = self.count = 0
        self.cell_seconds: list[float] = []
        self.cell_start = time.monotonic()
        self.label = ""

    def close(self) -> None:
        """Stop drawing."""

    def update(self, event: StudyEvent) -> None:
        """Process and show one event."""
        from impasto.lab import CellDone, CellProgress, CellStarted, Row

        if isinstance(event, CellStarted):
            self.count, self.cell_start = event.count, time.monotonic()
            self.label = Row(event.cell.key).label
            self.show(0.0, self.seconds_left(0.0))
        elif isinstance(event, CellProgress) and event.seconds_left is not None:
            elapsed = time.monotonic() - self.cell_start
            total = elapsed + event.seconds_left
            self.show(elapsed / max(total, 1e-9), self.seconds_left(total) - elapsed)
        elif isinstance(event, CellDone):
            self.done, self.count = self.done + (not event.row.missing), event.count
            if not event.reused and not event.row.missing:
                self.cell_seconds.append(time.monotonic() - self.cell_start)
            self.show_done(event)

    def seconds_left(self, current: float) -> float:
        """Return the seconds from the start of the current cell to the end of the study.

        ``current`` is the time of the current cell, 0 if unknown. The later cells count with the mean so far.
        """
        mean = sum(self.cell_seconds) / len(self.cell_seconds) if self.cell_seconds else current
        return (current or mean) + mean * max(0, self.count - self.done - 1)

    def show(self, fraction: float, seconds_left: float) -> None:
        """Show that a fraction of the current cell is done."""

    def show_done(self, event: CellDone) -> None:
        """Show that a cell is done."""


class StudyLines(StudyProgress):
    """Prints one line per cell, and within a cell at most one every `LINE_SECONDS`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.last_line = time.monotonic()

    def show(self, fraction: float, seconds_left: float) -> None:
        """Print the progress if the last line is old enough."""
        if time.monotonic() - self.last_line >= LINE_SECONDS:
            self.last_line = time.monotonic()
            left = duration(max(0.0, seconds_left))
            print_status(
                f"{self.name}: {self.done}/{self.count} cells, {self.label} {fraction:.0%}, {left} left"
            )

    def show_done(self, event: CellDone) -> None:
        """Print the cell."""
        self.last_line = time.monotonic()
        print_status(f"{self.name}: {event.index + 1}/{event.count} {cell_line(event)}")


class StudyBar(StudyProgress):
    """One progress bar over the cells of a study, with the time left."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (TextColumn(name), BarColumn(), TextColumn("{task.description}"))
        self.bar = Progress(*columns, console=wide_console(stderr=True))
        self.task = self.bar.add_task("", total=None)
        self.bar.start()

    def close(self) -> None:
        """Stop the bar and leave it on the screen."""
        self.bar.stop()

    def show(self, fraction: float, seconds_left: float) -> None:
        """Move the bar."""
        description = f"{self.done}/{self.count}  {self.label}  {duration(max(0.0, seconds_left))} left"
        self.bar.update(self.task, total=self.count, completed=self.done + fraction, description=description)

    def show_done(self, event: CellDone) -> None:
        """Move the bar; print the cell if it is missing."""
        self.bar.update(
            self.task,
            total=event.count,
            completed=event.index + 1,
            description=f"{event.index + 1}/{event.count}",
        )
        if event.row.missing:
            self.bar.console.print(cell_line(event), markup=False)


def cell_line(event: CellDone) -> str:
    """Return a finished cell as one line."""
    if event.row.missing:
        return f"{event.row.label}: missing: {event.row.missing}"
    return f"{event.row.label}: {'reused' if event.reused else 'done'}"


def study_progress(name: str, quiet: bool) -> StudyProgress:
    """Return the progress display: none if quiet, a bar on a terminal, lines elsewhere."""
    if quiet:
        return StudyProgress(name)
    return StudyBar(name) if sys.stderr.isatty() else StudyLines(name)
