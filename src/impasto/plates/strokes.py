"""Oil paint: short strokes that follow a direction field, each a bundle of bristles of varying thickness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from .colour import Field, jitter
from .noise import Shape, sample
from .surface import read, shape_of, work_size

STEPS = 8


@dataclass(frozen=True)
class Scene:
    """Input of a painting: colour `(h, w, 3)` in 0-255 and stroke direction as unit `(h, w)` fields `dx`, `dy`."""

    colour: Field
    dx: Field
    dy: Field


@dataclass(frozen=True)
class StrokeBrush:
    """One layer of strokes: lengths in units of the longer side, colour variation in 0-255."""

    width: float
    length: float
    bristles: int
    light: float = 9.0
    tint: float = 6.0
    streak: float = 13.0


class Oil:
    """A canvas that keeps colour and paint thickness, drawn larger than the result."""

    def __init__(self, size: int, aspect: float, ground: tuple[int, int, int]) -> None:
        self.shape: Shape = shape_of(size, aspect)
        self.unit = work_size(size)
        height, width = shape_of(self.unit, aspect)
        # Thickness is the fourth channel, so that one call draws both. CMYK serves as a four-channel container,
        # because Pillow weights the colours of an RGBA image by its alpha when it resamples.
        self.image = Image.new("CMYK", (width, height), (*ground, 90))
        self.draw = ImageDraw.Draw(self.image)

    def strokes(self, rng: np.random.Generator, starts: Field, scene: Scene, brush: StrokeBrush) -> None:
        """Paint one stroke of `brush` through each of the `(n, 2)` points, in the order given."""
        length = brush.length * rng.uniform(0.65, 1.3, len(starts))
        lines = trace(starts, scene, length)
        base = jitter(rng, sample(scene.colour, starts[:, 0], starts[:, 1]), brush.light, brush.tint)
        paths, inks = bristle(rng, lines, base, brush)
        first = rng.integers(0, 3, inks.shape[:2])
        last = STEPS - rng.integers(0, 3, inks.shape[:2])
        pixels = max(1, round(1.5 * brush.width / brush.bristles * self.unit))
        order = rng.permuted(np.tile(np.arange(brush.bristles), (len(starts), 1)), axis=1)
        flat = (paths * self.unit).reshape(*paths.shape[:2], -1).tolist()
        fills, begin, end = inks.tolist(), (2 * first).tolist(), (2 * last).tolist()
        for i, bristles in enumerate(order.tolist()):
            for b in bristles:
                self.draw.line(flat[i][b][begin[i][b] : end[i][b]], fill=tuple(fills[i][b]), width=pixels)

    def read(self) -> tuple[Field, Field]:
        """Return the colour `(h, w, 3)` in 0-255 and the thickness `(h, w)` in [0, 1]."""
        layers = read(self.image, self.shape)
        return layers[..., :3] * 255, layers[..., 3]


def trace(starts: Field, scene: Scene, length: Field) -> Field:
    """Follow the scene's direction both ways from each start; returns centre lines `(n, STEPS, 2)`."""
    halves = []
    for sign in (-1.0, 1.0):
        point, path = starts.astype(np.float32), []
        for _ in range(STEPS // 2):
            dx, dy = (sample(f, point[:, 0], point[:, 1]) for f in (scene.dx, scene.dy))
            norm = np.hypot(dx, dy) + 1e-6
            step = sign * length / STEPS / norm
            point = point + np.stack([dx * step, dy * step], axis=-1).astype(np.float32)
            path.append(point)
        halves.append(path)
    return np.stack(halves[0][::-1] + halves[1], axis=1)


def bristle(rng: np.random.Generator, lines: Field, base: Field, brush: StrokeBrush) -> tuple[Field, Field]:
    """Split centre lines `(n, t, 2)` into bristles: paths `(n, b, t, 2)`, colours with thickness `(n, b, 4)`.

    Paint is pushed to the rims, so the outer bristles are thicker; the stroke narrows towards its ends.
    """
    tangent = np.gradient(lines, axis=1)
    tangent /= np.linalg.norm(tangent, axis=-1, keepdims=True) + 1e-9
    normal = np.stack([-tangent[..., 1], tangent[..., 0]], axis=-1)
    across = np.linspace(-1, 1, brush.bristles)
    taper = 1 - 0.45 * np.abs(np.linspace(-1, 1, lines.shape[1])) ** 2.5
    width = brush.width / 2 * rng.uniform(0.7, 1.25, len(lines))
    shift = width[:, None, None] * across[None, :, None] * taper[None, None, :]
    paths = lines[:, None] + normal[:, None] * shift[..., None]
    ridge = 120 + 55 * np.abs(across) ** 2 + rng.normal(0, 38, (len(lines), brush.bristles))
    shade = rng.normal(0, brush.streak, (len(lines), brush.bristles, 1))
    inks = np.concatenate([base[:, None] + shade, np.broadcast_to(ridge[..., None], shade.shape)], axis=-1)
    return paths.astype(np.float32), np.clip(inks, 0, 255).astype(np.int64)
