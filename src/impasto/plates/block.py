"""Block printing: one wood block per colour and one for the dark lines, with uneven ink and wood grain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from .colour import Field
from .noise import Shape, clouds, grid, sample, standard, streaks
from .surface import Points, multiply, read, ribbon, shape_of, work_size


class Blocks:
    """The cut blocks of a print: `plan` holds the number of the colour block at each position, `key` the lines.

    Positions are in units of the longer side. Block 0 is bare paper. A later cut lies in front and
    clears the lines behind it.
    """

    def __init__(self, size: int, aspect: float, line: float) -> None:
        self.shape: Shape = shape_of(size, aspect)
        self.unit = work_size(size)
        height, width = shape_of(self.unit, aspect)
        self.plan = Image.new("L", (width, height), 0)
        self.key = Image.new("L", (width, height), 0)
        self._plan, self._key = ImageDraw.Draw(self.plan), ImageDraw.Draw(self.key)
        self.line = line

    def area(self, points: Points, block: int, outline: bool = True) -> None:
        """Fill a polygon with a colour block, with the key line around it."""
        flat = self._flat(points)
        self._plan.polygon(flat, fill=block)
        self._key.polygon(flat, fill=0)
        if outline:
            self._key.line(flat + flat[:2], 255, self._pixels(self.line), joint="curve")

    def shapes(self, outlines: Sequence[Points], grown: Sequence[Points], block: int) -> None:
        """Fill several polygons as one area; `grown` are the same polygons wider by the key line."""
        for points in grown:
            self._key.polygon(self._flat(points), fill=255)
        for points in outlines:
            self._key.polygon(self._flat(points), fill=0)
            self._plan.polygon(self._flat(points), fill=block)

    def stripe(self, points: Field, widths: Field, block: int) -> None:
        """Fill a tapering stripe with a colour block, without lines."""
        flat = self._flat(ribbon(points, widths))
        self._plan.polygon(flat, fill=block)

    def cut(self, points: Field, widths: Field) -> None:
        """Draw a tapering key line."""
        self._key.polygon(self._flat(ribbon(points, widths)), fill=255)

    def disc(self, x: float, y: float, radius: float, block: int, outline: bool = False) -> None:
        """Fill a circle with a colour block."""
        box = [v * self.unit for v in (x - radius, y - radius, x + radius, y + radius)]
        self._plan.ellipse(box, fill=block)
        edge = self._pixels(0.7 * self.line) if outline else 0
        self._key.ellipse(box, fill=0, outline=255 if outline else 0, width=edge)

    def _flat(self, points: Points) -> list[float]:
        return [float(v) for v in (np.asarray(points) * self.unit).ravel()]

    def _pixels(self, width: float) -> int:
        return max(1, round(width * self.unit))

    def colour(self, block: int, shift: tuple[float, float]) -> Field:
        """Return where a colour block prints, `(h, w)` in [0, 1], moved by its registration error."""
        table = [255 if value == block else 0 for value in range(256)]
        return self._printed(self.plan.point(table), shift)

    def lines(self) -> Field:
        """Return where the key block prints, `(h, w)` in [0, 1]."""
        return self._printed(self.key, (0.0, 0.0))

    def _printed(self, image: Image.Image, shift: tuple[float, float]) -> Field:
        dx, dy = round(shift[0] * self.unit), round(shift[1] * self.unit)
        rows = np.clip(np.arange(image.height) - dy, 0, image.height - 1)
        columns = np.clip(np.arange(image.width) - dx, 0, image.width - 1)
        moved = np.asarray(image)[rows][:, columns]
        return read(Image.fromarray(moved), self.shape)


def wood(rng: np.random.Generator, shape: Shape) -> Field:
    """Return the grain of a plank, `(h, w)` of mean 0 and deviation 1: long bent year rings and pores."""
    x, y = grid(shape)
    bend = 0.06 * clouds(rng, shape, 1.3, 2) + 0.012 * np.sin(5 * x + 1)
    rings = np.sin(2 * np.pi * (30 * (y + bend) + 0.5 * clouds(rng, shape, 4, 3)))
    fine = streaks(rng, shape, 7, 190, 2)
    pores = np.minimum(streaks(rng, shape, 60, 330, 1), 0)
    return standard(
        0.5 * rings * (0.6 + 0.3 * clouds(rng, shape, 5, 2)) + 0.5 * sample(fine, x, y + bend) + 0.5 * pores
    )


def ink(paper: Field, colour: Field, where: Field, grain: Field, mottle: Field) -> Field:
    """Print one transparent colour; wood grain and uneven pressure let the paper through."""
    cover = where * np.clip(0.93 + 0.075 * grain + 0.05 * mottle, 0.35, 1.08)
    return multiply(paper, colour, cover)
