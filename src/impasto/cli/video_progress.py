"""Progress of a clip: a bar on a terminal, lines elsewhere, or nothing; with frames a second and the time left."""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING, Any

from impasto.cli.console import duration, print_status, wide_console
from impasto.video.speed import FrameSpeed

if TYPE_CHECKING:
    from impasto.video.job import VideoPlan

LINE_SECONDS = 5.0


class VideoProgress:
    """Shows how many frames are painted, how fast, and how long it still takes."""

    def __init__(self, name: str, quiet: bool) -> None:
        self.name, self.quiet = name, quiet
        self.frames = 0
        self._speed = FrameSpeed()
        self._line = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def start(self, plan: VideoPlan, resumed: int) -> None:
        """Show the plan, and how many frames there are already."""
        self.frames = plan.frames
        if self.quiet:
            return
        print_status(f"{self.name}: {plan_line(plan)}")
        if resumed:
            print_status(f"{self.name}: going on after frame {resumed}")
        if sys.stderr.isatty():
            self._start_bar(resumed)

    def show(self, done: int) -> None:
        """Show that ``done`` frames are painted."""
        self._speed.add(done)
        if self._bar is not None:
            self._bar.update(self._task, completed=done, count=self._count(done), speed=self.speed())
        elif not self.quiet and time.monotonic() - self._line >= LINE_SECONDS:
            self._line = time.monotonic()
            print_status(f"{self.name}: frame {self._count(done)}, {self.speed()}")

    def speed(self) -> str:
        """Return the speed of the last frames and the time left: ``12.3 frames/s, 40 s left``."""
        rate = self._speed.per_second
        if rate is None:
            return "measuring"
        seconds = self._speed.seconds_left(self.frames)
        left = "" if math.isnan(seconds) else f", {duration(seconds)} left"
        return f"{rate:.2g} frames/s{left}" if rate < 10 else f"{rate:.0f} frames/s{left}"

    def close(self) -> None:
        """Stop updating the bar."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _start_bar(self, resumed: int) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[count]}  {task.fields[speed]}"),
            console=wide_console(stderr=True),
        )
        # Without a total, the bar only shows that something happens.
        total, count = self.frames or None, self._count(resumed)
        self._task = self._bar.add_task(
            "painting", total=total, completed=resumed, count=count, speed="measuring"
        )
        self._bar.start()

    def _count(self, done: int) -> str:
        """Return ``12/240``, or ``12`` where the clip does not say how many frames it has."""
        return f"{done}/{self.frames}" if self.frames else str(done)


def plan_line(plan: VideoPlan) -> str:
    """Return a plan in one line."""
    frames = f"{plan.frames} frames of " if plan.frames else ""
    seconds = f" ({plan.seconds:.1f} s, {plan.fps:.4g} frames/s)" if plan.frames else ""
    return (
        f"{frames}{plan.width}x{plan.height}{seconds}, method {plan.method}, {plan.codec} with {plan.bits} bit, "
        f"about {size_text(plan.disk)} of disk ({size_text(plan.free)} free)"
    )


def size_text(count: int) -> str:
    """Return bytes for people: ``3.4 MB``, ``12 GB``."""
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"
