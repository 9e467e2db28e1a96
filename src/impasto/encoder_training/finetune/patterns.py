"""The classes of the procedural data set: each returns an ink mask over the picture.

A mask is float32 `(n, n)` in [0, 1]. Patterns that fill the picture are functions of turned and scaled
coordinates; shapes are scattered polygons, so that neither place nor size nor angle tells the class.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from PIL import Image, ImageDraw

from impasto.plates.colour import Field
from impasto.plates.noise import clouds, standard

Draw = Callable[[int, np.random.Generator], Field]
Outline = Callable[[np.random.Generator], Field]
FINER = 3  # shapes are drawn so many times larger, then averaged down


def plane(size: int, rng: np.random.Generator, cells: tuple[float, float] = (4, 11)) -> tuple[Field, Field]:
    """Return coordinates `(n, n)` with random rotation, shift and slight distortion; one period is 1 unit."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size - 0.5
    bend = rng.uniform(0.0, 0.012)
    x = x + bend * clouds(rng, (size, size), 3, 1)
    y = y + bend * clouds(rng, (size, size), 3, 1)
    angle, scale = rng.uniform(0, 2 * math.pi), rng.uniform(*cells)
    u = (x * math.cos(angle) + y * math.sin(angle)) * scale + rng.uniform(0, 1)
    v = (y * math.cos(angle) - x * math.sin(angle)) * scale + rng.uniform(0, 1)
    return u, v


def edge(distance: Field, soft: float = 0.06) -> Field:
    """Return 1 where `distance` is above 0, 0 below, and a soft step between."""
    return _mask(distance / soft + 0.5)


def stripes(size: int, rng: np.random.Generator) -> Field:
    """Straight stripes."""
    u, _ = plane(size, rng)
    return edge(np.abs(u % 1 - 0.5) - rng.uniform(0.15, 0.33))


def waves(size: int, rng: np.random.Generator) -> Field:
    """Stripes that swing to and fro."""
    u, v = plane(size, rng)
    u = u + rng.uniform(0.3, 0.6) * np.sin(2 * math.pi * v / rng.uniform(1.6, 3))
    return edge(np.abs(u % 1 - 0.5) - rng.uniform(0.15, 0.33))


def zigzag(size: int, rng: np.random.Generator) -> Field:
    """Stripes broken into teeth."""
    u, v = plane(size, rng)
    u = u + rng.uniform(0.6, 1.2) * np.abs((v / rng.uniform(1.6, 3)) % 1 - 0.5) * 2
    return edge(np.abs(u % 1 - 0.5) - rng.uniform(0.15, 0.33))


def checks(size: int, rng: np.random.Generator) -> Field:
    """A chessboard."""
    u, v = plane(size, rng, (3, 8))
    return edge(np.sin(2 * math.pi * u) * np.sin(2 * math.pi * v), 0.3)


def bricks(size: int, rng: np.random.Generator) -> Field:
    """Brickwork with its joints."""
    u, v = plane(size, rng, (3, 8))
    row = np.floor(v)
    joint = rng.uniform(0.06, 0.12)
    along = np.abs((u / 2 + 0.5 * (row % 2)) % 1 - 0.5) * 2
    return np.minimum(edge(1 - joint - along), edge(0.5 - joint - np.abs(v % 1 - 0.5)))


def lattice_dots(size: int, rng: np.random.Generator) -> Field:
    """Round dots in rows."""
    u, v = plane(size, rng)
    return edge(rng.uniform(0.2, 0.38) - np.hypot(u % 1 - 0.5, v % 1 - 0.5))


def rings(size: int, rng: np.random.Generator) -> Field:
    """Rings around one centre."""
    radius, _ = _polar(size, rng)
    return edge(np.abs(radius % 1 - 0.5) - rng.uniform(0.15, 0.33))


def spirals(size: int, rng: np.random.Generator) -> Field:
    """Arms that wind around one centre."""
    radius, turn = _polar(size, rng)
    return edge(np.abs((radius + rng.choice([-2, -1, 1, 2]) * turn) % 1 - 0.5) - rng.uniform(0.15, 0.33))


def rays(size: int, rng: np.random.Generator) -> Field:
    """Wedges that leave one centre."""
    radius, turn = _polar(size, rng)
    count = int(rng.integers(7, 17))
    soft = np.clip(0.5 / (radius + 0.1), 0.05, 1)
    return _mask((np.abs((turn * count) % 1 - 0.5) - 0.25) / soft * 4 + 0.5)


def cells(size: int, rng: np.random.Generator) -> Field:
    """Leaded glass: cells of different tones between dark lines."""
    count = int(rng.integers(18, 60))
    points = rng.random((count, 2)).astype(np.float32)
    tones = rng.uniform(0.3, 1, count).astype(np.float32)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    far = np.hypot(x[..., None] - points[:, 0], y[..., None] - points[:, 1])
    nearest = np.argmin(far, axis=-1)
    two = np.partition(far, 1, axis=-1)
    return np.asarray(tones[nearest] * edge(two[..., 1] - two[..., 0] - 0.02, 0.02))


def strokes(size: int, rng: np.random.Generator) -> Field:
    """Short brush strokes that follow a turning field."""
    field = clouds(rng, (size, size), 2, 1)
    image, draw = _canvas(size)
    unit = size * FINER
    length, width = rng.uniform(0.05, 0.11), rng.uniform(0.012, 0.022)
    for x, y in rng.random((int(rng.integers(160, 420)), 2)):
        angle = 2.5 * float(field[int(y * size), int(x * size)])
        dx, dy = math.cos(angle) * length / 2, math.sin(angle) * length / 2
        line = [(x - dx) * unit, (y - dy) * unit, (x + dx) * unit, (y + dy) * unit]
        draw.line(line, int(rng.integers(90, 256)), max(1, round(width * unit)))
    return _read(image, size)


def clouded(size: int, rng: np.random.Generator) -> Field:
    """Soft clouds."""
    return _mask(0.5 + 0.35 * clouds(rng, (size, size), rng.uniform(2, 5), 4))


def grain(size: int, rng: np.random.Generator) -> Field:
    """Even grain, as of sandpaper."""
    noise = rng.standard_normal((size, size)).astype(np.float32)
    for _ in range(int(rng.integers(1, 4))):
        noise = standard(noise + np.roll(noise, 1, 0) + np.roll(noise, 1, 1))
    return _mask(0.5 + 0.3 * noise)


def scattered(outline: Outline) -> Draw:
    """Return what scatters copies of `outline` `(k, 2)`, of radius about 1, over the picture."""

    def draw_all(size: int, rng: np.random.Generator) -> Field:
        image, draw = _canvas(size)
        shape = outline(rng)
        radius = rng.uniform(0.06, 0.15)
        for x, y in _places(rng, radius):
            angle, r = rng.uniform(0, 2 * math.pi), radius * rng.uniform(0.7, 1.2)
            turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
            points = (shape @ turn * r + (x, y)) * size * FINER
            draw.polygon(points.ravel().tolist(), fill=int(rng.integers(170, 256)))
        return _read(image, size)

    return draw_all


def polygon(sides: int) -> Outline:
    """Return the outline of a regular polygon, pressed a little flat at random."""

    def make(rng: np.random.Generator) -> Field:
        angles = np.arange(sides) * 2 * math.pi / sides
        return np.stack([np.cos(angles), np.sin(angles) * rng.uniform(0.8, 1)], axis=-1)

    return make


def star(rng: np.random.Generator) -> Field:
    """Return the outline of a star of five to seven points."""
    points = int(rng.integers(5, 8))
    angles = np.arange(2 * points) * math.pi / points
    radii = np.where(np.arange(2 * points) % 2, rng.uniform(0.35, 0.5), 1.0)
    return np.stack([np.cos(angles) * radii, np.sin(angles) * radii], axis=-1)


def cross(rng: np.random.Generator) -> Field:
    """Return the outline of a cross with four equal arms."""
    w = rng.uniform(0.2, 0.36)
    corner = [
        (w, w),
        (w, 1),
        (-w, 1),
        (-w, w),
        (-1, w),
        (-1, -w),
        (-w, -w),
        (-w, -1),
        (w, -1),
        (w, -w),
        (1, -w),
        (1, w),
    ]
    return np.array(corner, dtype=np.float32)


def crescent(rng: np.random.Generator) -> Field:
    """Return the outline of a moon's sickle."""
    outer = np.linspace(-2.3, 2.3, 22)
    depth = rng.uniform(0.25, 0.5)
    back = outer[::-1]
    inner = np.stack([np.cos(back) * (1 - depth) - depth * 0.75, np.sin(back)], axis=-1)
    arc = np.stack([np.cos(outer), np.sin(outer)], axis=-1)
    return np.asarray(np.concatenate([arc, inner]) + np.array([0.2, 0]))


def _mask(values: Field) -> Field:
    return np.asarray(values.clip(0, 1), dtype=np.float32)


def _polar(size: int, rng: np.random.Generator) -> tuple[Field, Field]:
    """Return radius in periods and angle in turns around a random centre; pressed flat at random."""
    u, v = plane(size, rng, (1, 1))
    y, x = rng.integers(size // 4, 3 * size // 4, 2)
    u, v = u - u[y, x], (v - v[y, x]) * rng.uniform(0.75, 1.0)
    radius = np.hypot(u, v) * rng.uniform(5, 13)
    return radius + rng.uniform(0, 1), np.arctan2(v, u) / (2 * math.pi)


def _places(rng: np.random.Generator, radius: float) -> Field:
    """Return centres `(k, 2)` that keep apart by about their size, some half outside the picture."""
    candidates = rng.uniform(-0.02, 1.02, (140, 2))
    kept = [candidates[0]]
    for point in candidates[1:]:
        if min(math.dist(point, other) for other in kept) > 2.05 * radius:
            kept.append(point)
    return np.array(kept[: int(rng.integers(4, 22))])


def _canvas(size: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("L", (size * FINER, size * FINER), 0)
    return image, ImageDraw.Draw(image)


def _read(image: Image.Image, size: int) -> Field:
    return np.asarray(image.resize((size, size), Image.Resampling.BOX), dtype=np.float32) / np.float32(255)


CLASSES: Mapping[str, Draw] = MappingProxyType(
    {
        "bricks": bricks,
        "cells": cells,
        "checks": checks,
        "clouds": clouded,
        "crescents": scattered(crescent),
        "crosses": scattered(cross),
        "discs": scattered(polygon(40)),
        "dots": lattice_dots,
        "grain": grain,
        "hexagons": scattered(polygon(6)),
        "rays": rays,
        "rings": rings,
        "spirals": spirals,
        "squares": scattered(polygon(4)),
        "stars": scattered(star),
        "stripes": stripes,
        "strokes": strokes,
        "triangles": scattered(polygon(3)),
        "waves": waves,
        "zigzag": zigzag,
    }
)
