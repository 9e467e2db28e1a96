"""Files written during a run: the preview and the time-lapse."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from impasto.cli.console import print_note
from impasto.errors import OutputError, RecipeError, unknown

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from impasto.imaging.planes import Array
    from impasto.optimize import Painter

PREVIEW_SECONDS = 1.0
MAX_FRAMES = 120
FRAME_SIDE = 512
ANIMATIONS = (".webp", ".gif")
CLIPS = (".mp4", ".mov", ".mkv", ".webm")
FRAME_MILLISECONDS = 80


class PreviewFile:
    """Writes the current picture or frame to a file about every second, atomically."""

    def __init__(self, path: Path) -> None:
        self.path: Path | None = path
        self.written = 0.0

    def update(
        self, picture: Callable[[], Tensor | Array], *, alpha: Tensor | None = None, last: bool = False
    ) -> None:
        """Write what ``picture`` returns, at most every `PREVIEW_SECONDS` unless it is the ``last``."""
        if self.path is None or (not last and time.monotonic() - self.written < PREVIEW_SECONDS):
            return
        from impasto.imaging import write_picture

        try:
            write_picture(self.path, picture(), alpha=alpha)
        except OutputError as error:  # a full disk must not end the run
            print_note(f"The preview is not updated any more: {error}")
            self.path = None
        self.written = time.monotonic()


class Timelapse:
    """Collects at most `MAX_FRAMES` pictures of a run, more of them early in the run, for an animation."""

    def __init__(self, path: Path) -> None:
        if path.suffix.lower() not in (*ANIMATIONS, *CLIPS):
            raise RecipeError(unknown("time-lapse suffix", path.suffix, (*ANIMATIONS, *CLIPS)))
        if path.suffix.lower() in CLIPS:
            from impasto.video.extra import pyav

            pyav()  # its error must come before the run
        self.path = path
        self.steps: set[int] = set()
        self.frames: list[Image.Image] = []

    def start(self, painter: Painter) -> None:
        """Choose the steps of the frames, from the current step to the last, and add the first frame."""
        self.steps = frame_steps(painter.state.steps_done, painter.plan.steps)
        self._add_frame(painter)

    def update(self, painter: Painter) -> None:
        """Add the current picture if its step was chosen."""
        if painter.state.steps_done in self.steps:
            self.steps.remove(painter.state.steps_done)
            self._add_frame(painter)

    def write(self) -> None:
        """Write the animation; raises `OutputError`."""
        if self.path.suffix.lower() in ANIMATIONS:
            from impasto.imaging import write_animation

            write_animation(self.path, self.frames, milliseconds=FRAME_MILLISECONDS)
            return
        import numpy

        from impasto.video.assemble import write_silent

        frames = (numpy.asarray(frame.convert("RGB")) for frame in self.frames)
        write_silent(self.path, frames, Fraction(1000, FRAME_MILLISECONDS))

    def _add_frame(self, painter: Painter) -> None:
        from impasto.imaging import fit, resize, to_image

        height, width = painter.plan.height, painter.plan.width
        size = fit(height, width, min(FRAME_SIDE, max(height, width)))
        self.frames.append(to_image(resize(painter.preview(), size), None))


def frame_steps(first: int, last: int) -> set[int]:
    """Return at most ``MAX_FRAMES - 1`` steps in (first, last], denser at the beginning (quadratic spacing)."""
    count = MAX_FRAMES - 1
    steps = {first + round((last - first) * (k / count) ** 2) for k in range(1, count + 1)}
    return {step for step in steps if step > first}
