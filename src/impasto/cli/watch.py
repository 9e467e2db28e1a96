"""Pictures of a run while it runs: the preview file and the time-lapse."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from impasto.cli.console import note
from impasto.errors import OutputError, RecipeError, unknown

if TYPE_CHECKING:
    from PIL import Image

    from impasto.optimize import Painter

PREVIEW_SECONDS = 1.0
MOST_FRAMES = 120
FRAME_SIDE = 512
ANIMATIONS = (".webp", ".gif")


class PreviewFile:
    """The picture so far in a file, replaced in one step about every second."""

    def __init__(self, path: Path) -> None:
        self.path: Path | None = path
        self.written = 0.0

    def see(self, painter: Painter, *, last: bool = False) -> None:
        """Write the picture so far if the last one is a while ago, or this is the ``last``."""
        if self.path is None or (not last and time.monotonic() - self.written < PREVIEW_SECONDS):
            return
        from impasto.imaging import write_picture

        try:
            write_picture(self.path, painter.picture(), alpha=painter.job.alpha)
        except OutputError as error:  # a full disk must not end the run that the preview is of
            note(f"The preview stops here: {error}")
            self.path = None
        self.written = time.monotonic()


class Timelapse:
    """At most `MOST_FRAMES` pictures of a run, close together at first and farther apart later."""

    def __init__(self, path: Path) -> None:
        if path.suffix.lower() not in ANIMATIONS:
            raise RecipeError(unknown("time-lapse suffix", path.suffix, ANIMATIONS))
        self.path = path
        self.wanted: set[int] = set()
        self.frames: list[Image.Image] = []

    def begin(self, painter: Painter) -> None:
        """Choose the steps to keep, from where the run stands to its end, and keep the first picture."""
        self.wanted = frame_steps(painter.state.total, painter.plan.steps)
        self._keep(painter)

    def see(self, painter: Painter) -> None:
        """Keep the picture so far if its step was chosen."""
        if painter.state.total in self.wanted:
            self.wanted.remove(painter.state.total)
            self._keep(painter)

    def write(self) -> None:
        """Write the animation; raises `OutputError`."""
        from impasto.imaging import write_animation

        write_animation(self.path, self.frames)

    def _keep(self, painter: Painter) -> None:
        from impasto.imaging import fit, resize, to_image

        height, width = painter.plan.height, painter.plan.width
        size = fit(height, width, min(FRAME_SIDE, max(height, width)))
        self.frames.append(to_image(resize(painter.preview(), size), None))


def frame_steps(first: int, last: int) -> set[int]:
    """Return at most ``MOST_FRAMES - 1`` steps in (first, last], the k-th at a distance growing with k^2."""
    count = MOST_FRAMES - 1
    steps = {first + round((last - first) * (k / count) ** 2) for k in range(1, count + 1)}
    return {step for step in steps if step > first}
