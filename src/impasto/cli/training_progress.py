"""Training events as a progress bar on a terminal, as lines elsewhere, or not at all."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from typing import Any

from impasto.cli.console import duration, print_status
from impasto.training.events import Logged, StepDone

LINE_SECONDS = 5.0


class TrainingReport:
    """Shows nothing; base of the other reports. Use it with `contextlib.closing`."""

    def close(self) -> None:
        """Stop what moves on the screen."""

    def counted(self, task: str, done: int, total: int) -> None:
        """Show that `done` of `total` items of a preparation are done, for example pictures that are read."""

    def stepped(self, event: StepDone) -> None:
        """Show one step."""

    def logged(self, event: Logged) -> None:
        """Show the means over the last steps."""

    def line(self, text: str) -> None:
        """Show a line that stays, for example an evaluation."""


class TrainingLines(TrainingReport):
    """Log lines: each `Logged` event, evaluations, and without log lines a step every `LINE_SECONDS`."""

    def __init__(self) -> None:
        self.last_line = time.monotonic()

    def counted(self, task: str, done: int, total: int) -> None:
        """Print the count if the last line is some seconds old."""
        if self._is_due():
            print_status(f"{task} {done}/{total}")

    def stepped(self, event: StepDone) -> None:
        """Print the step if the last line is some seconds old."""
        if self._is_due():
            print_status(step_line(event))

    def logged(self, event: Logged) -> None:
        """Print the means."""
        self.last_line = time.monotonic()
        print_status(step_line(event))

    def line(self, text: str) -> None:
        """Print the line."""
        print_status(text)

    def _is_due(self) -> bool:
        if time.monotonic() - self.last_line < LINE_SECONDS:
            return False
        self.last_line = time.monotonic()
        return True


class TrainingBar(TrainingReport):
    """One bar for the step under way; evaluations stay above it."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        from impasto.cli.console import wide_console

        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}  {task.fields[figures]}"),
            console=wide_console(stderr=True),
        )
        self.task: Any = None
        self.figures = ""
        self.progress.start()

    def close(self) -> None:
        """Leave the bar where it stands."""
        self.progress.stop()

    def counted(self, task: str, done: int, total: int) -> None:
        """Move the bar."""
        self._update(task, done, total, "")

    def stepped(self, event: StepDone) -> None:
        """Move the bar; the figures are the last logged means, or those of the step before the first log."""
        figures = self.figures or figures_text(event.figures)
        self._update("training", event.step, event.steps, f"{figures}  {duration(event.seconds_left)} left")

    def logged(self, event: Logged) -> None:
        """Show the new means."""
        self.figures = figures_text(event.figures)

    def line(self, text: str) -> None:
        """Print the line above the bar."""
        self.progress.console.print(text)

    def _update(self, description: str, done: int, total: int, figures: str) -> None:
        if self.task is None:
            self.task = self.progress.add_task(description, total=total, figures=figures)
        self.progress.update(self.task, description=description, completed=done, total=total, figures=figures)


def training_report(quiet: bool) -> TrainingReport:
    """Return the report of a training: a bar on a terminal, lines elsewhere, none if `quiet`.

    Under torchrun only the first process reports.
    """
    if quiet or os.environ.get("RANK", "0") != "0":
        return TrainingReport()
    return TrainingBar() if sys.stderr.isatty() else TrainingLines()


def step_line(event: StepDone | Logged) -> str:
    """Return a step in one line: ``step 20/1000, 8 s, 6 min 32 s left; loss 1.25, style 0.8``."""
    times = f"{duration(event.seconds)}, {duration(event.seconds_left)} left"
    return f"step {event.step}/{event.steps}, {times}; {figures_text(event.figures)}"


def figures_text(figures: Mapping[str, float]) -> str:
    """Return figures as text: ``loss 1.25, style 0.8``."""
    return ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
