"""Resolution-independent noise.

Every field starts from a lattice whose number of cells does not depend on the size in pixels, and is resampled
bicubically. The same seed therefore gives the same clouds, fibres and grain at every resolution; the resampling filter
averages detail finer than a pixel, so that it does not alias.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .colour import Field

Shape = tuple[int, int]


def resize(field: Field, shape: Shape) -> Field:
    """Resample a float32 `(h, w)` field to `shape` = (height, width) with an antialiased bicubic filter."""
    image = Image.fromarray(np.ascontiguousarray(field, dtype=np.float32))
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BICUBIC), dtype=np.float32)


def lattice(rng: np.random.Generator, shape: Shape, across: float, down: float) -> Field:
    """Return smooth noise with `across` cells over the width and `down` over the height."""
    cells = (max(2, round(down)), max(2, round(across)))
    return resize(rng.standard_normal(cells).astype(np.float32), shape)


def clouds(
    rng: np.random.Generator, shape: Shape, cells: float, octaves: int = 4, gain: float = 0.5
) -> Field:
    """Return fractal noise `(h, w)` of mean 0 and deviation 1; `cells` over the width at first.

    Each octave doubles the cells and multiplies the amplitude by `gain` (fractional Brownian motion).
    """
    height, width = shape
    # Rounding to pixels changes the aspect slightly with the size; the number of cells must not depend on it.
    aspect = round(20 * height / width) / 20
    total = np.zeros(shape, dtype=np.float32)
    for octave in range(octaves):
        n = cells * 2**octave
        total += gain**octave * lattice(rng, shape, n, n * aspect)
    return standard(total)


def streaks(rng: np.random.Generator, shape: Shape, along: float, across: float, octaves: int = 2) -> Field:
    """Return noise stretched horizontally: few cells `along` x, many `across` y; mean 0, deviation 1."""
    total = np.zeros(shape, dtype=np.float32)
    for octave in range(octaves):
        total += 0.6**octave * lattice(rng, shape, along * 2**octave, across * 2**octave)
    return standard(total)


def standard(field: Field) -> Field:
    """Shift and scale a field to mean 0 and standard deviation 1."""
    return np.asarray((field - field.mean()) / (field.std() + 1e-6), dtype=np.float32)


def grid(shape: Shape) -> tuple[Field, Field]:
    """Return the x and y of pixel centres, both `(h, w)`, in units of the longer side."""
    height, width = shape
    unit = np.float32(max(shape))
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return (x + 0.5) / unit, (y + 0.5) / unit


class Bilinear:
    """Reads fields of one shape `(h, w)` bilinearly at the same points, in units of the longer side.

    Outside a field its edges repeat.
    """

    def __init__(self, shape: Shape, x: Field, y: Field) -> None:
        height, self.width = shape
        unit = max(shape)
        px = np.clip(x * unit - 0.5, 0, self.width - 1.001)
        py = np.clip(y * unit - 0.5, 0, height - 1.001)
        left, top = px.astype(np.intp), py.astype(np.intp)
        self.right, self.lower = px - left, py - top
        self.corner = top * self.width + left

    def __call__(self, field: Field) -> Field:
        """Return the values of a `(h, w)` or `(h, w, 3)` field."""
        right, lower = self.right, self.lower
        if field.ndim == 3:
            right, lower = right[..., None], lower[..., None]
        rows = field.reshape(-1, *field.shape[2:])

        def across(start: NDArray[np.intp]) -> Field:
            values: Field = rows.take(start, axis=0) * (1 - right) + rows.take(start + 1, axis=0) * right
            return values

        above, below = across(self.corner), across(self.corner + self.width)
        return np.asarray(above * (1 - lower) + below * lower, dtype=np.float32)


def sample(field: Field, x: Field, y: Field) -> Field:
    """Read a `(h, w)` or `(h, w, 3)` field at points in units of its longer side, as `Bilinear` does."""
    return Bilinear((field.shape[0], field.shape[1]), x, y)(field)


def scatter(rng: np.random.Generator, spacing: float, aspect: float, margin: float = 0.03) -> Field:
    """Return points `(n, 2)` on a shaken hexagonal grid over the picture plus a margin, in random order.

    Spacing is in units of the longer side; the picture spans x in [0, 1] and y in [0, aspect].
    """
    columns = np.arange(-margin, 1 + margin, spacing)
    rows = np.arange(-margin, aspect + margin, spacing * 0.866)
    x, y = np.meshgrid(columns, rows)
    x[1::2] += spacing / 2
    points = np.stack([x.ravel(), y.ravel()], axis=-1)
    points += rng.uniform(-0.42, 0.42, points.shape) * spacing
    return rng.permutation(points).astype(np.float32)
