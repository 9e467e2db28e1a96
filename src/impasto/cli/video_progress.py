"""Progress of a clip: a bar on a terminal, lines elsewhere, or nothing; with frames a second and the time left."""

from __future__ import annotations

import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from impasto.cli.console import duration, print_status, wide_console

if TYPE_CHECKING:
    from impasto.video.job import VideoPlan

LINE_SECONDS = 5.0
# Frames over which the speed is measured.
RECENT = 48


class VideoProgress:
    """Shows how many frames are painted, how fast, and how long it still takes."""

    # The first frame counts as the start: it takes longer, because networks are opened for it.
    def __init__(self, name: str, quiet: bool) -> None:
        self.name, self.quiet = name, quiet
        self.frames = 0
        self._times: deque[tuple[float, int]] = deque(maxlen=RECENT)
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
        self._times.append((time.monotonic(), done))
        if self._bar is not None:
            self._bar.update(self._task, completed=done, speed=self.speed())
        elif not self.quiet and time.monotonic() - self._line >= LINE_SECONDS:
            self._line = time.monotonic()
            print_status(
                f"{self.name}: frame {done}{f'/{self.frames}' if self.frames else ''}, {self.speed()}"
            )

    def speed(self) -> str:
        """Return the speed of the last frames and the time left: ``12.3 frames/s, 40 s left``."""
        (first, before), (last, done) = self._times[0], self._times[-1]
        if done == before or last == first:
            return "measuring"
        rate = (done - before) / (last - first)
        left = f", {duration((self.frames - done) / rate)} left" if self.frames >= done else ""
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
            TextColumn("{task.completed:.0f}/{task.total:.0f}  {task.fields[speed]}"),
            console=wide_console(stderr=True),
        )
        self._task = self._bar.add_task(
            "painting", total=max(self.frames, 1), completed=resumed, speed="measuring"
        )
        self._bar.start()


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
