"""Supersampled drawing, masks, blur, relief light and compositing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from .colour import Field
from .noise import Shape

Points = Sequence[Sequence[float] | Field] | Field

LARGEST_WORK = 6144  # a larger canvas takes more memory without a visible gain
SMALLEST_WORK = 640  # thin lines need a few pixels even when the result is a thumbnail


def shape_of(size: int, aspect: float) -> Shape:
    """Return (height, width) of a picture whose longer side is its width `size`."""
    return max(1, round(size * aspect)), size


def work_size(size: int) -> int:
    """Return the width to draw at for a picture `size` wide: twice as wide, within memory's limits."""
    return max(size, SMALLEST_WORK, min(2 * size, LARGEST_WORK))


class Mask:
    """A supersampled one-channel drawing in units of the longer side, read back as floats in [0, 1]."""

    def __init__(self, size: int, aspect: float) -> None:
        self.shape = shape_of(size, aspect)
        self.unit = work_size(size)
        height, width = shape_of(self.unit, aspect)
        self.image = Image.new("L", (width, height), 0)
        self.draw = ImageDraw.Draw(self.image)

    def polygon(self, points: Points, value: int = 255) -> None:
        """Fill a polygon given as rows of (x, y)."""
        self.draw.polygon((np.asarray(points) * self.unit).ravel().tolist(), fill=value)

    def line(self, points: Points, width: float, value: int = 255) -> None:
        """Draw a polyline of constant `width` with round joints."""
        pixels = max(1, round(width * self.unit))
        self.draw.line((np.asarray(points) * self.unit).ravel().tolist(), value, pixels, joint="curve")

    def disc(self, x: float, y: float, radius: float, value: int = 255) -> None:
        """Fill a circle."""
        box = [(x - radius), (y - radius), (x + radius), (y + radius)]
        self.draw.ellipse([v * self.unit for v in box], fill=value)

    def brush(self, points: Points, widths: Sequence[float] | Field, value: int = 255) -> None:
        """Draw a line whose full width varies along its points."""
        self.polygon(ribbon(np.asarray(points, dtype=np.float32), np.asarray(widths)), value)

    def read(self) -> Field:
        """Return the drawing at the picture's size, `(h, w)` in [0, 1]."""
        return read(self.image, self.shape)


def read(image: Image.Image, shape: Shape) -> Field:
    """Downsample an image to `shape` and return float32 in [0, 1], channels last."""
    small = image.resize((shape[1], shape[0]), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / np.float32(255)


def ribbon(points: Field, widths: Field) -> Field:
    """Return the outline `(2n, 2)` of a line through `(n, 2)` points with `(n,)` full widths."""
    tangent = np.gradient(points, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=-1)
    offset = normal * np.asarray(widths)[:, None] / 2
    return np.concatenate([points + offset, (points - offset)[::-1]]).astype(np.float32)


def smooth(points: Points, samples: int = 60, closed: bool = False) -> Field:
    """Return `samples` points of the Catmull-Rom curve through the given ones."""
    p = np.asarray(points, dtype=np.float64)
    before, after = (p[-1:], p[:2]) if closed else (2 * p[:1] - p[1:2], 2 * p[-1:] - p[-2:-1])
    p = np.concatenate([before, p, after])
    t = np.linspace(0, len(p) - 3, samples, endpoint=not closed)
    i = np.minimum(t.astype(int), len(p) - 4)
    u = (t - i)[:, None]
    a, b, c, d = p[i], p[i + 1], p[i + 2], p[i + 3]
    curve = 2 * b + (c - a) * u + (2 * a - 5 * b + 4 * c - d) * u**2 + (3 * b - a - 3 * c + d) * u**3
    return np.asarray(curve / 2, dtype=np.float32)


def blur(field: Field, radius: float) -> Field:
    """Blur `(h, w)` with about a Gaussian of standard deviation `radius` (units of the longer side).

    Three box filters by running sums; edges are repeated.
    """
    half = round(radius * max(field.shape))
    if half < 1:
        return field
    result: Field = field.astype(np.float64)
    for _ in range(3):
        for axis in (0, 1):
            result = _box(result, half, axis)
    return result.astype(np.float32)


def _box(field: Field, half: int, axis: int) -> Field:
    pad = [(0, 0), (0, 0)]
    pad[axis] = (half + 1, half)
    total = np.cumsum(np.pad(field, pad, mode="edge"), axis=axis)
    n = field.shape[axis]
    high = np.take(total, np.arange(2 * half + 1, 2 * half + 1 + n), axis=axis)
    low = np.take(total, np.arange(n), axis=axis)
    return np.asarray((high - low) / (2 * half + 1))


def relief(height: Field, depth: float, azimuth: float = -2.3) -> Field:
    """Return the light on a surface, about [-1, 1], zero where it is flat.

    `height` in [0, 1] is `depth` (units of the longer side) thick; the light comes from `azimuth`
    (radians, image axes; -2.3 is the upper left).
    """
    dy, dx = np.gradient(height * np.float32(depth * max(height.shape)))
    slope = dx * np.cos(azimuth) + dy * np.sin(azimuth)
    return np.asarray(slope / np.sqrt(1 + dx * dx + dy * dy), dtype=np.float32)


def finish(rgb: Field) -> Image.Image:
    """Round a float `(h, w, 3)` array in [0, 255] to an RGB image."""
    return Image.fromarray(np.clip(np.rint(rgb), 0, 255).astype(np.uint8))


def over(under: Field, colour: Iterable[float] | Field, alpha: Field) -> Field:
    """Lay a colour (one triple or `(h, w, 3)`) over a picture by `alpha` `(h, w)` in [0, 1]."""
    top = np.asarray(colour, dtype=np.float32)
    return np.asarray(under + (top - under) * alpha[..., None], dtype=np.float32)


def multiply(under: Field, colour: Iterable[float] | Field, alpha: Field) -> Field:
    """Print a transparent colour (0-255) over a picture by `alpha` `(h, w)`, as ink on paper does."""
    factor = np.asarray(colour, dtype=np.float32) / 255
    return np.asarray(under * (1 + (factor - 1) * alpha[..., None]), dtype=np.float32)
