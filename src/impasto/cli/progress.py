"""Events of a run as a progress bar on a terminal, as lines elsewhere, or as nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from impasto.cli.console import duration, note, tell
from impasto.optimize.events import Balancing, Event, Recovered, ScaleDone, ScaleStarted, Started, Stepped

if TYPE_CHECKING:
    from impasto.guidance import Result
    from impasto.optimize.plan import Plan, ScalePlan

LINE_SECONDS = 5.0


class Silent:
    """Says nothing but recoveries; the base of the others."""

    def __init__(self, quiet: bool = True) -> None:
        self.quiet = quiet
        self.scales = 0
        self.scale: ScalePlan | None = None

    def __enter__(self) -> Silent:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take what moves off the screen."""

    def see(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Started):
            self.scales = len(event.plan.scales)
            self.started(event)
        elif isinstance(event, Balancing):
            self.balancing(event)
        elif isinstance(event, ScaleStarted):
            self.scale = event.scale
            self.scale_started(event)
        elif isinstance(event, Stepped):
            self.stepped(event)
        elif isinstance(event, ScaleDone):
            self.scale_done(event)
        elif isinstance(event, Recovered) and not self.quiet:
            note(event.message)

    def started(self, event: Started) -> None:
        """Show the plan."""

    def balancing(self, event: Balancing) -> None:
        """Show one step of the rehearsal that balances several styles."""

    def scale_started(self, event: ScaleStarted) -> None:
        """Show that a scale begins."""

    def stepped(self, event: Stepped) -> None:
        """Show one step."""

    def scale_done(self, event: ScaleDone) -> None:
        """Show that a scale is finished."""

    def where(self, index: int) -> str:
        """Return the scale in words: ``scale 2/3 256x192``."""
        assert self.scale is not None
        return f"scale {index + 1}/{self.scales} {self.scale.width}x{self.scale.height}"


class Lines(Silent):
    """A line at the start, at most one every `LINE_SECONDS`, and one at the end of each scale."""

    def __init__(self, name: str) -> None:
        super().__init__(quiet=False)
        self.name = name
        self.last: Stepped | None = None
        self.spoke = time.monotonic()

    def started(self, event: Started) -> None:
        """Print the plan in a line."""
        tell(f"{self.name}: {plan_line(event.plan)}")
        if event.resumed_step:
            tell(f"{self.name}: going on after step {event.resumed_step}")

    def balancing(self, event: Balancing) -> None:
        """Print the factors on the styles if the last line is a while ago, and those found at the end."""
        if event.step == event.steps or time.monotonic() - self.spoke >= LINE_SECONDS:
            self.spoke = time.monotonic()
            tell(f"{balancing_words(event)}: {numbers(event.sigmas)}")

    def stepped(self, event: Stepped) -> None:
        """Print the step if the last line is a while ago."""
        self.last = event
        if time.monotonic() - self.spoke >= LINE_SECONDS:
            self.line(event)

    def scale_done(self, event: ScaleDone) -> None:
        """Print the last step of the scale."""
        if self.last is not None and self.last.scale == event.index:
            self.line(self.last)

    def line(self, event: Stepped) -> None:
        """Print one step."""
        assert self.scale is not None
        self.spoke = time.monotonic()
        tell(
            f"{self.where(event.scale)}: step {event.step}/{self.scale.steps}, loss {event.loss:.4g}, "
            f"{duration(event.seconds_left)} left"
        )


class Bar(Silent):
    """One bar over the whole run with scale, step, loss and time left."""

    def __init__(self, name: str) -> None:
        super().__init__(quiet=False)
        from rich.progress import BarColumn, Progress, TextColumn

        from impasto.cli.console import wide_console

        self.name = name
        self.progress = Progress(
            TextColumn("{task.fields[scale]}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}  {task.fields[loss]}  {task.fields[left]}"),
            console=wide_console(stderr=True),
        )
        self.task: Any = None

    def close(self) -> None:
        """Leave the bar where it stands."""
        self.progress.stop()

    def started(self, event: Started) -> None:
        """Print the plan and draw the bar."""
        tell(f"{self.name}: {plan_line(event.plan)}")
        self.task = self.progress.add_task(
            "", total=event.plan.steps, completed=event.resumed_step, scale="measuring", loss="", left=""
        )
        self.progress.start()

    def balancing(self, event: Balancing) -> None:
        """Name the step of the rehearsal."""
        self.progress.update(self.task, scale=balancing_words(event))

    def scale_started(self, event: ScaleStarted) -> None:
        """Name the scale."""
        self.progress.update(self.task, scale=self.where(event.index))

    def stepped(self, event: Stepped) -> None:
        """Move the bar."""
        left = f"{duration(event.seconds_left)} left"
        self.progress.update(self.task, completed=event.total, loss=f"loss {event.loss:.4g}", left=left)


def reporter(name: str, quiet: bool) -> Silent:
    """Return what shows a run: nothing, a bar on a terminal, lines elsewhere."""
    if quiet:
        return Silent()
    return Bar(name) if sys.stderr.isatty() else Lines(name)


def plan_line(plan: Plan) -> str:
    """Return a plan in one line."""
    scales = "1 scale" if len(plan.scales) == 1 else f"{len(plan.scales)} scales"
    return (
        f"{plan.width}x{plan.height}, encoder {plan.recipe.encoder} on {plan.device} ({plan.precision}), "
        f"{scales}, {plan.steps} steps, about {duration(plan.seconds)}"
    )


def balancing_words(event: Balancing) -> str:
    """Return how far the rehearsal is: ``balancing styles 12/40``."""
    return f"balancing styles {event.step}/{event.steps}"


def improvement_line(result: Result) -> str:
    """Return how far each of several styles improved, and the factors that balanced them if they are not all 1."""
    names = (Path(str(style)).stem for style in result.provenance["styles"])
    each = ", ".join(f"{name} {ratio:.3g}" for name, ratio in zip(names, result.improvements, strict=True))
    found = any(sigma != 1 for sigma in result.sigmas)
    balance = f"; balance {numbers(result.sigmas)}" if found else ""
    return f"improvement of the styles (loss at the start / at the end): {each}{balance}"


def numbers(values: Iterable[float]) -> str:
    """Return numbers with three digits: ``1, 0.53``."""
    return ", ".join(f"{value:.3g}" for value in values)
