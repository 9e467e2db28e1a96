"""Vaporwave: a striped sun over a neon grid, palms and marble columns, seen on an old screen."""

from __future__ import annotations

import numpy as np
from PIL import Image

from .colour import Field, mix, palette, ramp
from .noise import clouds, grid, resize, sample, streaks
from .surface import Mask, blur, finish, over, shape_of, smooth

ASPECT = 0.7
HORIZON = 0.43
SUN = (0.5, 0.285, 0.2)  # x, y, radius
LINE = 0.0026

SKY = palette("#160436", "#2c0a63", "#5b1391", "#a3189c", "#ec2f8f", "#ff7aa0", "#ffb98a")
SUNLIGHT = palette("#fff6a3", "#ffd34d", "#ff8a3c", "#ff3d7f", "#e01a9b")
FLOOR = palette("#0d0330", "#1f0a5c", "#3a1290", "#6a1aa8")
MARBLE = palette("#1b2f7a", "#2f9fd0", "#b8f4f2", "#ffc9e6", "#ff5fb4")
MAGENTA, CYAN, NIGHT, PEAK, WHITE = palette("#ff38c4", "#29f2ff", "#0a0222", "#241060", "#ffffff")


def paint(size: int, rng: np.random.Generator) -> Image.Image:
    """Paint the plate `size` pixels wide."""
    shape = shape_of(size, ASPECT)
    x, y = grid(shape)
    picture = _sky(x, y, rng)
    picture = _floor(size, picture, x, y, rng)
    picture = _mountains(size, picture, rng)
    picture = _columns(size, picture, x, y, rng)
    picture = _palms(size, picture, rng)
    return finish(_screen(picture, x, y, rng))


def _neon(under: Field, lines: Field, colour: Field, glow: float = 1.0) -> Field:
    """Add light of a colour: white-hot lines `(h, w)` with a narrow and a wide halo of the colour."""
    halo = np.clip(1.5 * blur(lines, 0.003) + 2.2 * glow * blur(lines, 0.011), 0, 1)
    lit = under + (255 - under) * (colour / 255) * halo[..., None]
    return over(lit, mix(colour, WHITE, 0.45), lines)


def _sky(x: Field, y: Field, rng: np.random.Generator) -> Field:
    """Paint the gradient in steps with broken edges, bands of cloud, stars, and the sun cut by stripes."""
    drift = streaks(rng, x.shape, 5, 60, 3)
    height = y / HORIZON + 0.045 * drift
    steps = np.floor(height * 22) / 22
    tone = 0.45 * height + 0.55 * steps
    picture = ramp(tone.astype(np.float32), (0.0, 0.22, 0.46, 0.7, 0.95, 1.05, 1.12), SKY)
    bank = np.clip(streaks(rng, x.shape, 3.5, 26, 4) - 0.55, 0, 1) * np.clip(1.25 - abs(y - 0.2) / 0.2, 0, 1)
    picture = mix(picture, mix(CYAN, MAGENTA, 0.45), 0.75 * np.clip(1.6 * bank, 0, 1))
    picture = over(picture, CYAN, 0.8 * np.clip(6 * bank * np.clip(0.22 - bank, 0, 1), 0, 1))
    sx, sy, radius = SUN
    away = np.hypot(x - sx, y - sy) / radius
    halo = np.clip(1.0 / (1 + (np.clip(away - 0.85, 0, None) * 2.4) ** 2) * 0.75, 0, 1)
    picture = mix(picture, ramp(away, (0.8, 1.4, 2.4), SUNLIGHT[[2, 3, 4]]), halo * (away > 0.97) * 0.8)
    disc = np.clip((1 - away) * radius * x.shape[1] / 1.5 + 0.5, 0, 1)
    low = (y - sy) / radius
    number = (low + 0.2) / 0.165
    cut = (number > 0) & (number - np.floor(number) < 0.18 + 0.075 * np.floor(number))
    face = ramp(low + 0.03 * drift, (-1.0, -0.45, 0.05, 0.5, 0.95), SUNLIGHT)
    between = ramp(low, (-0.2, 0.9), palette("#5a1191", "#8a1698"))
    picture = over(picture, mix(face, between, blur(cut.astype(np.float32), 0.0008)), disc)
    return _stars(picture, x.shape[1], rng)


def _stars(picture: Field, size: int, rng: np.random.Generator) -> Field:
    """Set stars in the upper sky; the large ones have four rays."""
    light = Mask(size, ASPECT)
    for star in range(150):
        px, py = rng.uniform(0, 1), rng.uniform(0, 1) ** 1.6 * 0.3
        bright, large = int(rng.integers(110, 255)), star % 10 == 0
        if np.hypot(px - SUN[0], py - SUN[1]) < SUN[2] * 1.1:
            continue
        light.disc(px, py, 0.0021 if large else 0.0011, bright)
        if large:
            ray = rng.uniform(0.009, 0.02)
            light.brush([(px - ray, py), (px, py), (px + ray, py)], np.array([0, 0.0024, 0]), bright)
            light.brush([(px, py - ray), (px, py), (px, py + ray)], np.array([0, 0.0024, 0]), bright)
    return _neon(picture, light.read(), palette("#c9b2ff")[0], 0.4)


def _floor(size: int, picture: Field, x: Field, y: Field, rng: np.random.Generator) -> Field:
    """Lay tiles of several tones in perspective, the sun's reflection on them, and glowing lines between them."""
    below = np.clip(y - HORIZON, 1e-3, None)
    depth = 0.09 / below
    column, row = np.floor((x - 0.5) * depth / 0.09 * 2.6), np.floor(depth * 6.4)
    tones = rng.uniform(0, 1, (64, 64)).astype(np.float32)
    tile = tones[(row.astype(int)) % 64, (column.astype(int)) % 64]
    sheen = streaks(rng, x.shape, 12, 150, 2)
    near = np.clip(below / (ASPECT - HORIZON), 0, 1)
    tone = 0.75 * tile * np.clip(near * 3, 0, 1) + 0.35 * (1 - near) + 0.07 * sheen
    ground = ramp(tone.astype(np.float32), (0.0, 0.3, 0.65, 1.05), FLOOR)
    wide = SUN[2] * (1.02 - 0.35 * near) * (1 + 0.25 * streaks(rng, x.shape, 2, 70, 2))
    glint = np.clip((wide - abs(x - SUN[0])) * 14, 0, 1) * np.clip(1.1 - 1.15 * near, 0, 1)
    ripple = np.clip(0.6 + 0.8 * streaks(rng, x.shape, 5, 95, 2), 0, 1)
    ground = over(ground, ramp(near, (0, 0.3, 0.8), SUNLIGHT[[1, 3, 4]]), 0.85 * glint * ripple)
    picture = over(picture, ground, np.clip((y - HORIZON) * size + 0.5, 0, 1))
    across, along = Mask(size, ASPECT), Mask(size, ASPECT)
    for k in range(2, 26):
        level = HORIZON + 0.09 * 6.4 / k
        across.line([(-0.02, level), (1.02, level)], LINE * float(np.clip(6.0 / k, 0.25, 1.6)))
    foot = ASPECT + 0.02
    for k in range(-42, 43):
        end = 0.5 + k / 2.6 * (foot - HORIZON)
        points = np.stack(
            [np.linspace(0.5 + (end - 0.5) * 0.02, end, 8), np.linspace(HORIZON + 0.0054, foot, 8)], -1
        )
        along.brush(points, np.linspace(0.1, 1.5, 8) * LINE)
    fade = np.clip((y - HORIZON - 0.006) * 11, 0, 1) ** 1.2
    picture = _neon(picture, along.read() * fade, CYAN, 0.8)
    picture = _neon(picture, across.read() * fade, MAGENTA)
    haze = np.exp(-(((y - HORIZON) / 0.012) ** 2)).astype(np.float32)
    return over(picture, palette("#ff9ad0")[0], 0.6 * haze)


def _mountains(size: int, picture: Field, rng: np.random.Generator) -> Field:
    """Set two ranges of dark facets with glowing edges on either side of the sun."""
    body, edges = Mask(size, ASPECT), Mask(size, ASPECT)
    for side in (-1, 1):
        ridge, mid = [], []
        for i in range(9):
            reach = 0.5 - 0.052 * i + rng.uniform(-0.008, 0.008)
            tall = (0.135 if i % 2 else 0.075) * (1 - i / 8.4) * rng.uniform(0.75, 1.2)
            ridge.append((0.5 + side * (0.02 + reach), HORIZON - tall))
            mid.append((0.5 + side * (0.02 + reach - 0.02), HORIZON - 0.45 * tall * rng.uniform(0.6, 1.2)))
        ends = [(0.5 + side * 0.06, HORIZON + 0.004), (0.5 + side * 0.54, HORIZON + 0.004)]
        body.polygon([*ridge, *ends])
        feet = [(px, HORIZON + 0.002) for px, _ in ridge]
        for row in (ridge, mid):
            edges.line(row, LINE * 0.8)
        for i in range(9):
            edges.line([ridge[i], mid[i], feet[i]], LINE * 0.5, 190)
            edges.line([ridge[i], mid[min(i + 1, 8)], feet[i]], LINE * 0.5, 150)
    cover = body.read()
    picture = over(picture, PEAK, cover)
    return _neon(picture, edges.read() * np.clip(blur(cover, 0.002) * 1.6, 0, 1), CYAN, 0.7)


def _columns(size: int, picture: Field, x: Field, y: Field, rng: np.random.Generator) -> Field:
    """Raise a whole and a broken column of veined marble, lit pink by the sun and cyan from the left."""
    vein = np.clip(1 - 5 * np.abs(clouds(rng, x.shape, 9, 5)), 0, 1)
    for middle, half, top, foot, whole in (
        (0.235, 0.026, 0.225, 0.515, False),
        (0.105, 0.044, 0.13, 0.615, True),
    ):
        shape = Mask(size, ASPECT)
        head = [(middle - half, top), (middle + half, top)]
        if not whole:
            head = [(middle + half * u, top + 0.6 * half * rng.uniform(-1, 1)) for u in np.linspace(-1, 1, 7)]
        shape.polygon([*head, (middle + 1.1 * half, foot), (middle - 1.1 * half, foot)])
        across = (x - middle) / half
        flute = 0.5 + 0.5 * np.cos(np.arcsin(np.clip(across / 1.1, -1, 1)) * 14)
        tone = 0.5 + 0.42 * across + 0.22 * (flute - 0.5) - 0.12 * vein
        picture = over(picture, ramp(tone, (0.0, 0.2, 0.45, 0.7, 0.95), MARBLE), shape.read())
        slabs, lines = Mask(size, ASPECT), Mask(size, ASPECT)
        stack = [(foot + 0.0, 1.25), (foot + 0.45 * half, 1.5), (foot + 0.9 * half, 1.8)]
        stack += [(top - 0.42 * half, 1.25), (top - 1.25 * half, 1.65)] if whole else []
        for level, wide in stack:
            box = [(middle - wide * half, level), (middle + wide * half, level + 0.42 * half)]
            slabs.polygon([box[0], (box[1][0], box[0][1]), box[1], (box[0][0], box[1][1])])
            lines.line([box[0], (box[1][0], box[0][1])], LINE * 0.5)
        if whole:
            slabs.polygon(
                [
                    (middle + u * half, top + v * half)
                    for u, v in ((-1.3, -1), (1.3, -1), (1.1, 0.05), (-1.1, 0.05))
                ]
            )
            _volutes(slabs, lines, middle, half, top)
        slope = 0.5 + 0.28 * across - 0.15 * vein + 0.2 * np.sin((y - top) / half * 9)
        picture = over(picture, ramp(slope, (0.0, 0.25, 0.5, 0.75, 1.0), MARBLE), slabs.read())
        picture = over(picture, NIGHT, 0.8 * lines.read())
    return picture


def _volutes(slabs: Mask, lines: Mask, middle: float, half: float, top: float) -> None:
    """Carve the two scrolls of an Ionic capital."""
    turn = np.linspace(0, 5.5 * np.pi, 60)
    for side in (-1, 1):
        hub, radius = np.array([middle + side * 1.35 * half, top - 0.35 * half]), 0.62 * half
        slabs.disc(float(hub[0]), float(hub[1]), radius)
        spiral = radius * (1 - turn / turn[-1])[:, None] * np.stack([side * np.cos(turn), np.sin(turn)], -1)
        lines.brush(hub + spiral, np.full(60, LINE * 0.6))


def _palms(size: int, picture: Field, rng: np.random.Generator) -> Field:
    """Set palms as silhouettes, their edges lit magenta on the sun's side and cyan on the other."""
    tree = Mask(size, ASPECT)
    for root, crown, thick, reach in (
        ((0.93, 0.72), (0.845, 0.20), 0.021, 0.165),
        ((0.80, 0.60), (0.735, 0.265), 0.013, 0.105),
        ((1.0, 0.66), (0.965, 0.315), 0.013, 0.1),
    ):
        middle = (0.35 * root[0] + 0.65 * crown[0] + 0.018, 0.5 * (root[1] + crown[1]))
        trunk = smooth([root, middle, crown], 40)
        rings = 1 + 0.12 * np.sin(np.arange(40) * 2.4)
        tree.brush(trunk, np.linspace(1.25, 0.7, 40) * thick * rings)
        tree.disc(crown[0], crown[1], 0.75 * thick)
        for heading in np.linspace(-0.5, np.pi + 0.5, 9) + rng.uniform(-0.1, 0.1, 9):
            _frond(tree, crown, float(heading), reach * rng.uniform(0.8, 1.15), rng)
    cover = tree.read()
    picture = over(picture, NIGHT, cover)
    soft = blur(cover, 0.0015)
    slope = np.gradient(soft, axis=1) * size * 0.011
    rim = np.clip(cover * 1.2, 0, 1)
    picture = _neon(picture, np.clip(slope, 0, 1) * rim * 0.9, MAGENTA, 0.3)
    return _neon(picture, np.clip(-slope, 0, 1) * rim * 0.7, CYAN, 0.3)


def _frond(
    tree: Mask, crown: tuple[float, float], heading: float, reach: float, rng: np.random.Generator
) -> None:
    """Draw one drooping frond: a rib with narrow leaflets on both sides."""
    t = np.linspace(0, 1, 26)
    rib = np.stack([t * np.cos(heading), -t * np.sin(heading) + 0.6 * t**2.4], axis=-1) * reach + np.array(
        crown
    )
    tree.brush(rib, np.linspace(0.0042, 0.0012, 26))
    tangent = np.gradient(rib, axis=0)
    for i in range(2, 26):
        along = np.arctan2(tangent[i, 1], tangent[i, 0])
        long = 0.27 * reach * np.sin(np.pi * (0.12 + 0.84 * t[i])) ** 0.7 * rng.uniform(0.8, 1.1)
        for side in (-1, 1):
            angle = along + side * (0.85 - 0.35 * t[i])
            tip = rib[i] + long * np.array([np.cos(angle), np.sin(angle) + 0.2])
            bend = 0.55 * rib[i] + 0.45 * tip - [0, 0.06 * long]
            tree.brush(np.stack([rib[i], bend, tip]), np.array([0.0028, 0.0030, 0.0002]))


def _screen(picture: Field, x: Field, y: Field, rng: np.random.Generator) -> Field:
    """Show the picture on a worn screen: torn rows, split colours, bloom, scan lines, phosphor stripes and noise."""
    size = x.shape[1]
    shift = np.zeros((240, 2), dtype=np.float32)
    for start in rng.integers(0, 232, 9):
        shift[start : start + int(rng.integers(1, 5))] += rng.uniform(-0.03, 0.03)
    torn = resize(np.repeat(shift, 10, axis=0), (x.shape[0], 2))[:, :1]
    split = 0.0018 + 0.3 * np.abs(torn)
    offsets = (-split, np.zeros_like(split), split)
    channels = [sample(picture[..., c], x + torn + offset, y) for c, offset in enumerate(offsets)]
    bloom = [blur(np.clip(c - 150, 0, None), 0.012) for c in channels]
    shown = np.stack([c + 0.8 * b for c, b in zip(channels, bloom, strict=True)], axis=-1)
    lines = _resolved(190, size) * np.cos(2 * np.pi * y * 190)
    stripes = np.stack([np.cos(2 * np.pi * (x * 150 - c / 3)) for c in range(3)], axis=-1)
    shown = shown * (0.94 + 0.14 * lines[..., None]) * (1 + 0.075 * _resolved(150, size) * stripes)
    noise = streaks(rng, x.shape, 130, 260, 2)[..., None] + 0.6 * clouds(rng, x.shape, 300, 2)[..., None]
    corner = np.clip(1.06 - 0.55 * ((x - 0.5) ** 2 + (y - ASPECT / 2) ** 2), 0, 1)[..., None]
    return np.asarray(shown * corner + 5.0 * noise, dtype=np.float32)


def _resolved(cycles: float, size: int) -> float:
    """Return the contrast of a wave with `cycles` over `size` pixels: 0 where it would alias, 1 where it is fine."""
    return float(np.clip(1.6 - 2.2 * cycles / size, 0, 1))
