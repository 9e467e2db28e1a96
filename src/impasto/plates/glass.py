"""Glass: a rose window of leaded panes in ruby, cobalt, emerald and amber, lit from behind."""

from __future__ import annotations

import numpy as np
from PIL import Image

from .colour import Field, palette
from .leading import Window
from .noise import scatter
from .surface import finish, smooth

FOLD = 12
CENTRE = np.array([0.5, 0.5])
RUBY, COBALT, EMERALD, AMBER, VIOLET, TEAL, ROSE, GOLD, SMOKE, NAVY = range(10)
GLASS = palette(
    "#cf1230",
    "#1a3cc8",
    "#07803f",
    "#f7940a",
    "#7430b4",
    "#0a86a0",
    "#e8587c",
    "#ffd540",
    "#a3c6e6",
    "#14236e",
)


def paint(size: int, rng: np.random.Generator) -> Image.Image:
    """Paint the plate `size` pixels wide and high."""
    window = Window(size, SMOKE)
    _field(window, rng)
    _border(window)
    _roundels(window)
    _petals(window)
    _heart(window)
    return finish(window.light(rng, GLASS))


def _field(window: Window, rng: np.random.Generator) -> None:
    """Fill the square with irregular panes: the Voronoi cells of shaken points."""
    seeds = scatter(rng, 0.078, 1.0, 0.1)
    tints = (NAVY, NAVY, COBALT, VIOLET, NAVY, TEAL, RUBY, VIOLET, COBALT, EMERALD)
    for i, seed in enumerate(seeds):
        if np.hypot(*(seed - CENTRE)) > 0.40:
            window.pane(_cell(seeds, i), tints[int(rng.integers(0, len(tints)))], 0.0058)


def _cell(seeds: Field, i: int) -> Field:
    """Return the Voronoi cell of seed `i`: a square clipped by the bisectors to its nearest neighbours."""
    seed = seeds[i].astype(np.float64)
    cell = seed + np.array([[-0.2, -0.2], [0.2, -0.2], [0.2, 0.2], [-0.2, 0.2]])
    order = np.argsort(((seeds - seed) ** 2).sum(axis=1))[1:19]
    for other in seeds[order]:
        normal, middle = other - seed, (other + seed) / 2
        side = (cell - middle) @ normal
        clipped = []
        for k in range(len(cell)):
            a, b, sa, sb = cell[k - 1], cell[k], side[k - 1], side[k]
            if (sa <= 0) != (sb <= 0):
                clipped.append(a + (b - a) * sa / (sa - sb))
            if sb <= 0:
                clipped.append(b)
        cell = np.array(clipped)
    return np.asarray(cell, dtype=np.float32)


def _polar(radius: Field | float, angle: Field | float) -> Field:
    r, a = np.broadcast_arrays(radius, angle)
    return np.asarray(CENTRE + np.stack([r * np.sin(a), -r * np.cos(a)], axis=-1), dtype=np.float32)


def _wedge(inner: float, outer: float, begin: float, end: float) -> Field:
    angles = np.linspace(begin, end, 14)
    return np.concatenate([_polar(inner, angles), _polar(outer, angles[::-1])])


def _circle(centre: Field, radius: float) -> Field:
    a = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return (centre + radius * np.stack([np.cos(a), np.sin(a)], axis=-1)).astype(np.float32)


def _petal(angle: float, inner: float, outer: float, wide: float, waist: float = 0.62) -> Field:
    """Return a pointed leaf along the radius at `angle`, `wide` at `waist` of its length."""
    along = np.array([0.0, 0.28, waist, 0.88])
    half = np.array([0.0, 0.62, 1.0, 0.58]) * wide / 2
    radius = inner + along * (outer - inner)
    left = _polar(radius, angle - half / np.maximum(radius, 0.02))
    right = _polar(radius, angle + half / np.maximum(radius, 0.02))
    tip = _polar(outer, angle)[None]
    sides = smooth(np.concatenate([left, tip]), 22), smooth(np.concatenate([right, tip]), 22)
    return np.concatenate([sides[0], sides[1][::-1][1:-1]])


def _border(window: Window) -> None:
    step = 2 * np.pi / 72
    for k in range(72):
        tint = (RUBY, GOLD, COBALT)[k % 3]
        window.pane(_wedge(0.452, 0.480, k * step, (k + 1) * step), tint, 0.0048)
    for radius, width in ((0.482, 0.012), (0.451, 0.010)):
        window.came(_polar(radius, np.linspace(0, 2 * np.pi, 200)), width)


def _roundels(window: Window) -> None:
    """Set the outer ring: twelve circles with four-leaved flowers, coloured spandrels between."""
    turn = 2 * np.pi / FOLD
    for k in range(FOLD):
        middle = (k + 0.5) * turn
        for part, (begin, end) in enumerate(((-0.5, -0.25), (-0.25, 0.0), (0.0, 0.25), (0.25, 0.5))):
            for low, high in ((0.335, 0.388), (0.388, 0.449)):
                tint = (EMERALD, TEAL)[(part in (1, 2)) ^ (low > 0.35)]
                window.pane(_wedge(low, high, middle + begin * turn, middle + end * turn), tint, 0.0045)
    for k in range(FOLD):
        middle = (k + 0.5) * turn
        _scroll(window, middle + turn / 2)
        centre = _polar(0.392, middle)
        window.pane(_circle(centre, 0.0535), VIOLET if k % 2 else COBALT, 0.0075)
        for leaf in range(4):
            lean = middle + np.pi / 4 + leaf * np.pi / 2
            hub = centre + 0.0255 * np.array([np.sin(lean), -np.cos(lean)])
            window.pane(_circle(hub, 0.0192), RUBY if k % 2 else ROSE, 0.0042)
            spread = np.linspace(0.25, 1, 8)[:, None]
            for fan in (-0.45, 0.0, 0.45):
                ray = np.array([np.sin(lean + fan), -np.cos(lean + fan)])
                window.line(centre + ray * spread * 0.040, np.linspace(0.0016, 0.0004, 8))
        window.pane(_circle(centre, 0.0135), GOLD, 0.0045)


def _scroll(window: Window, angle: float) -> None:
    """Set an amber lozenge between two roundels, with painted tendrils curling from it."""
    window.pane(_petal(angle, 0.345, 0.442, 0.040, 0.5), AMBER, 0.0046)
    _veins(window, angle, 0.345, 0.442, 0.038)
    t = np.linspace(0, 1, 40)
    for side in (-1, 1):
        for base, rise in ((0.366, 1), (0.419, -1)):
            curl = 0.021 * (1 - 0.8 * t)
            lean = 8.0 * t
            path = _polar(
                base + rise * curl * np.sin(lean), angle + side * (0.086 - curl * np.cos(lean) / base)
            )
            window.line(path, np.linspace(0.0030, 0.0010, 40))


def _petals(window: Window) -> None:
    """Set the middle ring: two rows of pointed leaves with a leaf of another colour inside each."""
    turn = 2 * np.pi / FOLD
    for k in range(FOLD * 2):
        tint = (NAVY, COBALT)[k % 2]
        window.pane(_wedge(0.13, 0.335, k * turn / 2, (k + 1) * turn / 2), tint, 0.0050)
        window.came(_polar(0.255, np.linspace(k, k + 1, 9) * turn / 2), 0.0040)
    window.came(_polar(0.335, np.linspace(0, 2 * np.pi, 160)), 0.0105)
    for k in range(FOLD):
        back = (k + 0.5) * turn
        window.pane(_petal(back, 0.150, 0.330, 0.080), EMERALD if k % 2 else TEAL, 0.0058)
        window.pane(_petal(back, 0.215, 0.312, 0.038), GOLD, 0.0046)
        _veins(window, back, 0.215, 0.312, 0.038)
    for k in range(FOLD):
        front = k * turn
        window.pane(_petal(front, 0.105, 0.335, 0.100), RUBY, 0.0068)
        window.pane(_petal(front, 0.150, 0.318, 0.062), AMBER if k % 2 else ROSE, 0.0052)
        window.pane(_petal(front, 0.205, 0.300, 0.030), SMOKE, 0.0042)
        _veins(window, front, 0.150, 0.318, 0.062)


def _veins(window: Window, angle: float, inner: float, outer: float, wide: float) -> None:
    """Paint a midrib with side veins."""
    r = np.linspace(inner + 0.006, outer - 0.012, 12)
    window.line(_polar(r, angle), np.linspace(0.0022, 0.0006, 12))
    for at in np.linspace(0.15, 0.75, 7):
        base = inner + at * (outer - inner)
        reach = wide * 0.42 * np.sin(np.pi * (0.25 + 0.7 * at))
        t = np.linspace(0, 1, 7)
        for side in (-1, 1):
            path = _polar(base + 0.022 * t, angle + side * reach * t**0.8 / base)
            window.line(path, np.linspace(0.0014, 0.0003, 7))


def _heart(window: Window) -> None:
    turn = 2 * np.pi / FOLD
    window.pane(_circle(CENTRE, 0.128), NAVY, 0.0105)
    for k in range(FOLD):
        window.pane(_petal((k + 0.5) * turn, 0.035, 0.124, 0.046, 0.7), VIOLET, 0.0046)
    for k in range(FOLD):
        window.pane(_petal(k * turn, 0.025, 0.108, 0.040, 0.7), GOLD if k % 2 else AMBER, 0.0046)
        _veins(window, k * turn, 0.045, 0.104, 0.030)
    window.pane(_circle(CENTRE, 0.042), RUBY, 0.0070)
    for k in range(6):
        window.pane(_circle(_polar(0.023, k * np.pi / 3), 0.0105), SMOKE, 0.0036)
    window.pane(_circle(CENTRE, 0.013), GOLD, 0.0042)
    for k in range(FOLD):
        for radius, size in ((0.128, 0.0075), (0.335, 0.0085), (0.451, 0.0075)):
            x, y = _polar(radius, (k + 0.5) * turn)
            window.solder(float(x), float(y), size)
