"""Progress of a training in one line: in place on a terminal, every half minute elsewhere, or not at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from impasto.cli.console import print_status
from impasto.cli.recurring import RecurringTimer
from impasto.training.events import Logged, StepDone

LINE_SECONDS = 30.0


class TrainingReport:
    """Shows nothing; base of the other reports. Use it with `contextlib.closing`."""

    def close(self) -> None:
        """Stop what moves on the screen."""

    def counted(self, task: str, done: int, total: int) -> None:
        """Show that `done` of `total` items of a preparation are done, for example pictures that are read."""

    def stepped(self, event: StepDone) -> None:
        """Show one step."""

    def logged(self, event: Logged) -> None:
        """Take the means over the last steps, which are shown from the next step on."""

    def previewed(self, path: Path) -> None:
        """Take the path of the newest preview, which is shown from the next step on."""

    def line(self, text: str) -> None:
        """Show a line that stays, for example an evaluation."""


class _LineReport(TrainingReport):
    """Base of the reports that show one line of text."""

    def __init__(self) -> None:
        self.loss: float | None = None
        self.preview: Path | None = None
        self.stepping = False

    def counted(self, task: str, done: int, total: int) -> None:
        self._show(f"{task} {done}/{total}", False)

    def stepped(self, event: StepDone) -> None:
        loss = event.figures["loss"] if self.loss is None else self.loss
        first_or_last = not self.stepping or event.seconds_left == 0
        self.stepping = True
        self._show(step_line(event, loss, self.preview), first_or_last)

    def logged(self, event: Logged) -> None:
        self.loss = event.figures["loss"]

    def previewed(self, path: Path) -> None:
        self.preview = path

    def _show(self, text: str, always: bool) -> None:
        """Show the text, now if `always`, else when a line is due."""
        raise NotImplementedError


class TrainingLines(_LineReport):
    """Prints the line every `LINE_SECONDS`, at the first step and at the last one."""

    def __init__(self) -> None:
        super().__init__()
        self.timer = RecurringTimer(LINE_SECONDS)

    def line(self, text: str) -> None:
        """Print the line."""
        print_status(text)

    def _show(self, text: str, always: bool) -> None:
        if self.timer.due() or always:
            self.timer.restart()
            print_status(text)


class TrainingLine(_LineReport):
    """Shows the line in place; evaluations stay above it."""

    def __init__(self) -> None:
        super().__init__()
        from rich.progress import Progress, TextColumn
        from rich.table import Column

        from impasto.cli.console import wide_console

        column = Column(no_wrap=True, overflow="ellipsis")
        text = TextColumn("{task.fields[text]}", markup=False, table_column=column)
        self.progress = Progress(text, console=wide_console(stderr=True))
        self.task: Any = self.progress.add_task("", text="")
        self.progress.start()

    def close(self) -> None:
        """Leave the line where it stands."""
        self.progress.stop()

    def line(self, text: str) -> None:
        """Print the line above the one that moves."""
        self.progress.console.print(text, markup=False)

    def _show(self, text: str, always: bool) -> None:  # noqa: ARG002 (every step is shown)
        self.progress.update(self.task, text=text)


def is_first_process() -> bool:
    """Return whether this is the first process of torchrun, or a single one: only it prints."""
    return os.environ.get("RANK", "0") == "0"


def training_report(quiet: bool) -> TrainingReport:
    """Return the report of a training: a line in place on a terminal, lines elsewhere, none if `quiet`."""
    if quiet or not is_first_process():
        return TrainingReport()
    return TrainingLine() if sys.stderr.isatty() else TrainingLines()


def step_line(event: StepDone, loss: float, preview: Path | None) -> str:
    """Return a step as text: ``step 340/2000  loss 3.21  12:40 left  preview out/any.preview.png``."""
    steps = "" if event.steps is None else f"/{event.steps}"
    parts = [f"step {event.step}{steps}", f"loss {loss:.3g}", f"{countdown(event.seconds_left)} left"]
    return "  ".join([*parts, f"preview {preview}"] if preview else parts)


def countdown(seconds: float) -> str:
    """Format a remaining time: ``0:07``, ``12:40``, ``1:05:00``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
