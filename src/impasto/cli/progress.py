"""Progress of a run: a bar on a terminal, lines elsewhere, or nothing."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.cli.console import duration, print_note, print_status
from impasto.optimize.events import Balancing, Event, Recovered, ScaleDone, ScaleStarted, Started, Stepped

if TYPE_CHECKING:
    from impasto.guidance import Result
    from impasto.optimize.memory import ScalePlan
    from impasto.optimize.plan import Plan

LINE_SECONDS = 5.0


class QuietReporter:
    """Shows nothing; the base class of the other reporters, which also show recoveries."""

    def __init__(self, quiet: bool = True) -> None:
        self.quiet = quiet
        self.scales = 0
        self.scale: ScalePlan | None = None
        self.unit: float | None = None

    def close(self) -> None:
        """Remove moving output from the screen."""

    def show(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Started):
            self.scales = len(event.plan.scales)
            self.started(event)
            if not self.quiet:
                for note in event.plan.notes:
                    print_note(note)
        elif isinstance(event, Balancing):
            self.balancing(event)
        elif isinstance(event, ScaleStarted):
            self.scale = event.scale
            self.scale_started(event)
        elif isinstance(event, Stepped):
            if self.unit is None:
                self.unit = loss_unit(event.loss)
                if self.unit != 1 and not self.quiet:
                    self.say(f"losses are in units of 10^{round(math.log10(self.unit))}")
            self.stepped(event)
        elif isinstance(event, ScaleDone):
            self.scale_done(event)
        elif isinstance(event, Recovered) and not self.quiet:
            print_note(event.message)

    def say(self, text: str) -> None:
        """Print a line."""
        print_status(text)

    def started(self, event: Started) -> None:
        """Show the plan."""

    def balancing(self, event: Balancing) -> None:
        """Show one step of the calibration run that balances several styles."""

    def scale_started(self, event: ScaleStarted) -> None:
        """Show that a scale begins."""

    def stepped(self, event: Stepped) -> None:
        """Show one step."""

    def scale_done(self, event: ScaleDone) -> None:
        """Show that a scale is finished."""

    def loss_text(self, loss: float) -> str:
        """Return a loss in the unit of the run: ``loss 11.07``."""
        return f"loss {loss / (self.unit or 1.0):.4g}"

    def scale_label(self, index: int) -> str:
        """Return the label of a scale: ``scale 2/3 256x192``."""
        assert self.scale is not None
        return f"scale {index + 1}/{self.scales} {self.scale.width}x{self.scale.height}"


class LineReporter(QuietReporter):
    """Prints a line at the start, at most one every `LINE_SECONDS`, and one at the end of each scale."""

    def __init__(self, name: str) -> None:
        super().__init__(quiet=False)
        self.name = name
        self.last: Stepped | None = None
        self.last_line = time.monotonic()

    def started(self, event: Started) -> None:
        """Print the plan in one line."""
        print_status(f"{self.name}: {plan_line(event.plan)}")
        if event.resumed_step:
            print_status(f"{self.name}: resuming after step {event.resumed_step}")

    def balancing(self, event: Balancing) -> None:
        """Print the factors on the styles' losses every `LINE_SECONDS` and at the end."""
        if event.step == event.steps or time.monotonic() - self.last_line >= LINE_SECONDS:
            self.last_line = time.monotonic()
            print_status(f"{balancing_label(event)}: {numbers(event.sigmas)}")

    def stepped(self, event: Stepped) -> None:
        """Print the step every `LINE_SECONDS`."""
        self.last = event
        if time.monotonic() - self.last_line >= LINE_SECONDS:
            self.print_step(event)

    def scale_done(self, event: ScaleDone) -> None:
        """Print the last step of the scale."""
        if self.last is not None and self.last.scale == event.index:
            self.print_step(self.last)

    def print_step(self, event: Stepped) -> None:
        """Print one step."""
        assert self.scale is not None
        self.last_line = time.monotonic()
        print_status(
            f"{self.scale_label(event.scale)}: step {event.step}/{self.scale.steps}, {self.loss_text(event.loss)}, "
            f"{duration(event.seconds_left)} left"
        )


class BarReporter(QuietReporter):
    """Shows one bar over the whole run with scale, step, loss and remaining time."""

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
        """Stop updating the bar."""
        self.progress.stop()

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self.progress.console.print(text)

    def started(self, event: Started) -> None:
        """Print the plan and draw the bar."""
        print_status(f"{self.name}: {plan_line(event.plan)}")
        self.task = self.progress.add_task(
            "", total=event.plan.steps, completed=event.resumed_step, scale="measuring", loss="", left=""
        )
        self.progress.start()

    def balancing(self, event: Balancing) -> None:
        """Show the step of the calibration run."""
        self.progress.update(self.task, scale=balancing_label(event))

    def scale_started(self, event: ScaleStarted) -> None:
        """Show the scale."""
        self.progress.update(self.task, scale=self.scale_label(event.index))

    def stepped(self, event: Stepped) -> None:
        """Advance the bar."""
        left = f"{duration(event.seconds_left)} left"
        self.progress.update(self.task, completed=event.total, loss=self.loss_text(event.loss), left=left)


def reporter(name: str, quiet: bool) -> QuietReporter:
    """Return the reporter of a run: a bar on a terminal, lines elsewhere, nothing if ``quiet``."""
    if quiet:
        return QuietReporter()
    return BarReporter(name) if sys.stderr.isatty() else LineReporter(name)


def loss_unit(loss: float) -> float:
    """Return the unit in which losses that begin at ``loss`` are readable: 1, or a power of 1000.

    Published losses are between 1e-6 and 1e15: some are divided by the numbers of channels and positions, some by
    neither.
    """
    size = abs(loss)
    if 1e-3 <= size < 1e5 or size == 0 or not math.isfinite(size):
        return 1.0
    return float(1000.0 ** math.floor(math.log10(size) / 3))


def encoder_words(plan: Plan) -> str:
    """Return the names of the encoders that a plan uses."""
    recipe, fine = plan.recipe, plan.recipe.fine_encoder
    if fine is None or recipe.base is None or recipe.side <= recipe.base:
        return recipe.encoder
    return f"{recipe.encoder} (above {recipe.base} pixels {fine})"


def plan_line(plan: Plan) -> str:
    """Return a summary of a plan in one line."""
    scales = "1 scale" if len(plan.scales) == 1 else f"{len(plan.scales)} scales"
    return (
        f"{plan.width}x{plan.height}, encoder {encoder_words(plan)} on {plan.device} ({plan.precision}), "
        f"{scales}, {plan.steps} steps, about {duration(plan.seconds)}"
    )


def balancing_label(event: Balancing) -> str:
    """Return the progress of the calibration run: ``balancing styles 12/40``."""
    return f"balancing styles {event.step}/{event.steps}"


def improvement_line(result: Result) -> str:
    """Return the improvement of each style in one line, with the factors that balanced them unless all are 1."""
    names = (Path(str(style)).stem for style in result.provenance["styles"])
    ratios = ", ".join(f"{name} {ratio:.3g}" for name, ratio in zip(names, result.improvements, strict=True))
    balanced = any(sigma != 1 for sigma in result.sigmas)
    balance = f"; balance {numbers(result.sigmas)}" if balanced else ""
    return f"improvement of the styles (loss at the start / at the end): {ratios}{balance}"


def numbers(values: Iterable[float]) -> str:
    """Return numbers with three significant digits: ``1, 0.53``."""
    return ", ".join(f"{value:.3g}" for value in values)
