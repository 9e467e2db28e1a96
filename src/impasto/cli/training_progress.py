"""Events of a training as a progress bar on a terminal, as lines elsewhere, or as nothing."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from impasto.cli.console import duration, tell

if TYPE_CHECKING:
    from impasto.encoder_training.finetune.task import EpochDone, StepDone
    from impasto.feedforward.tasks.any_style import Trained

LINE_SECONDS = 5.0
CHECKPOINT_SECONDS = 120.0


class Silent:
    """Says nothing; the base of the others."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take what moves off the screen."""

    def count(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` pictures are read or painted."""

    def stepped(self, event: StepDone) -> None:
        """Show one step."""

    def trained(self, event: Trained) -> None:
        """Show a line of a training that has steps but no epochs."""

    def measured(self, event: EpochDone) -> None:
        """Show the figures of an epoch."""


class Lines(Silent):
    """A line every `LINE_SECONDS` at most, and one for each epoch."""

    def __init__(self) -> None:
        self.spoke = time.monotonic()

    def count(self, what: str, done: int, total: int) -> None:
        """Print how far it is, now and then."""
        if self._due():
            tell(f"{what} {done}/{total}")

    def stepped(self, event: StepDone) -> None:
        """Print the step if the last line is a while ago."""
        if self._due():
            tell(
                f"epoch {event.epoch}: step {event.done}/{event.total}, loss {event.loss:.4f}, "
                f"accuracy {event.accuracy:.3f}, {duration(event.seconds_left)} left"
            )

    def trained(self, event: Trained) -> None:
        """Print the line."""
        tell(
            f"step {event.step}/{event.steps}, {duration(event.seconds)}, {duration(event.seconds_left)} left; "
            + figures_of(event)
        )

    def measured(self, event: EpochDone) -> None:
        """Print the figures of the epoch."""
        tell(epoch_line(event))

    def _due(self) -> bool:
        if time.monotonic() - self.spoke < LINE_SECONDS:
            return False
        self.spoke = time.monotonic()
        return True


class Bar(Silent):
    """One bar over what is under way; the figures of each epoch stay above it."""

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
        self.progress.start()

    def close(self) -> None:
        """Leave the bar where it stands."""
        self.progress.stop()

    def count(self, what: str, done: int, total: int) -> None:
        """Move the bar."""
        self._show(what, done, total, "")

    def stepped(self, event: StepDone) -> None:
        """Move the bar."""
        figures = f"loss {event.loss:.4f}  accuracy {event.accuracy:.3f}  {duration(event.seconds_left)} left"
        self._show(f"epoch {event.epoch}", event.done, event.total, figures)

    def trained(self, event: Trained) -> None:
        """Move the bar."""
        self._show(
            "training", event.step, event.steps, f"{figures_of(event)}  {duration(event.seconds_left)} left"
        )

    def measured(self, event: EpochDone) -> None:
        """Print the figures of the epoch above the bar."""
        self.progress.console.print(epoch_line(event))

    def _show(self, what: str, done: int, total: int, figures: str) -> None:
        if self.task is None:
            self.task = self.progress.add_task(what, total=total, figures=figures)
        self.progress.update(self.task, description=what, completed=done, total=total, figures=figures)


def reporter(quiet: bool) -> Silent:
    """Return what shows a training: nothing, a bar on a terminal, lines elsewhere."""
    if quiet:
        return Silent()
    return Bar() if sys.stderr.isatty() else Lines()


def epoch_line(event: EpochDone) -> str:
    """Return the figures of an epoch in one line."""
    line = event.line
    praise = ", the best so far" if event.best else ""
    return (
        f"epoch {line.epoch}: loss {line.train_loss:.4f}, accuracy {line.train_accuracy:.3f}; held out: loss "
        f"{line.validation_loss:.4f}, accuracy {line.validation_accuracy:.3f}{praise}"
    )


def figures_of(event: Trained) -> str:
    """Return the figures of a line in words."""
    return ", ".join(f"{name} {value:.4g}" for name, value in event.figures.items())
