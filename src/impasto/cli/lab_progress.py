"""How far a study is: a bar over its cells on a terminal, lines elsewhere, or nothing."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from impasto.cli.console import duration, tell, wide_console

if TYPE_CHECKING:
    from impasto.lab import CellDone, StudyEvent

LINE_SECONDS = 10.0


class Progress:
    """How far a study is; says nothing. The base of the others."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.done = self.count = 0
        self.spent: list[float] = []
        self.began = time.monotonic()
        self.label = ""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take what moves off the screen."""

    def see(self, event: StudyEvent) -> None:
        """Take in one event and show it."""
        from impasto.lab import CellDone, CellProgress, CellStarted
        from impasto.lab.row import Row

        if isinstance(event, CellStarted):
            self.count, self.began, self.label = event.count, time.monotonic(), Row(event.cell.key).label
            self.show(0.0, self.left(0.0))
        elif isinstance(event, CellProgress) and event.seconds_left is not None:
            spent = time.monotonic() - self.began
            whole = spent + event.seconds_left
            self.show(spent / max(whole, 1e-9), self.left(whole) - spent)
        elif isinstance(event, CellDone):
            self.done, self.count = self.done + (not event.row.missing), event.count
            if not event.kept and not event.row.missing:
                self.spent.append(time.monotonic() - self.began)
            self.finished(event)

    def left(self, this: float) -> float:
        """Return seconds from the start of this cell to the end: ``this`` one and those after it like the mean."""
        mean = sum(self.spent) / len(self.spent) if self.spent else this
        return (this or mean) + mean * max(0, self.count - self.done - 1)

    def show(self, part: float, seconds_left: float) -> None:
        """Show that a part of this cell is done."""

    def finished(self, event: CellDone) -> None:
        """Show that a cell is done."""


class Lines(Progress):
    """A line a cell, and one every `LINE_SECONDS` at most within it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.spoke = time.monotonic()

    def show(self, part: float, seconds_left: float) -> None:
        """Print how far it is if the last line is a while ago."""
        if time.monotonic() - self.spoke >= LINE_SECONDS:
            self.spoke = time.monotonic()
            left = duration(max(0.0, seconds_left))
            tell(f"{self.name}: {self.done}/{self.count} cells, {self.label} {part:.0%}, {left} left")

    def finished(self, event: CellDone) -> None:
        """Print the cell."""
        self.spoke = time.monotonic()
        tell(f"{self.name}: {event.index + 1}/{event.count} {line_of(event)}")


class Bar(Progress):
    """One bar over the cells of a study with the time left."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Rich

        columns = (TextColumn(name), BarColumn(), TextColumn("{task.description}"))
        self.rich = Rich(*columns, console=wide_console(stderr=True))
        self.task = self.rich.add_task("", total=None)
        self.rich.start()

    def close(self) -> None:
        """Leave the bar where it stands."""
        self.rich.stop()

    def show(self, part: float, seconds_left: float) -> None:
        """Move the bar."""
        words = f"{self.done}/{self.count}  {self.label}  {duration(max(0.0, seconds_left))} left"
        self.rich.update(self.task, total=self.count, completed=self.done + part, description=words)

    def finished(self, event: CellDone) -> None:
        """Move the bar, and print what is missing."""
        self.rich.update(
            self.task,
            total=event.count,
            completed=event.index + 1,
            description=f"{event.index + 1}/{event.count}",
        )
        if event.row.missing:
            self.rich.console.print(line_of(event), markup=False)


def line_of(event: CellDone) -> str:
    """Return a finished cell in a line."""
    if event.row.missing:
        return f"{event.row.label}: missing: {event.row.missing}"
    return f"{event.row.label}: {'kept' if event.kept else 'done'}"


def reporter(name: str, quiet: bool) -> Progress:
    """Return what shows a study: nothing, a bar on a terminal, lines elsewhere."""
    if quiet:
        return Progress(name)
    return Bar(name) if sys.stderr.isatty() else Lines(name)
