"""Woodcut: a breaking wave with claws of foam, printed from blocks in Prussian blue on cream paper."""

from __future__ import annotations

import numpy as np
from PIL import Image

from .block import Blocks, ink, wood
from .colour import Field, palette
from .noise import clouds, grid
from .surface import finish, multiply, ribbon, smooth

ASPECT = 0.68
LINE = 0.0026
PAPER, PALE, MID, DARK, SKY, OCHRE, SUN, GREY = range(8)
INKS = palette("#f2e6c9", "#a9c6cf", "#4d86ad", "#1d3f74", "#e3d3a8", "#d3a962", "#cf4a35", "#8fa0a6")
KEY = palette("#16264d")[0]

FUJI = np.array([0.475, 0.325])
CREST = (
    (-0.08, 0.30),
    (0.03, 0.235),
    (0.13, 0.135),
    (0.24, 0.065),
    (0.36, 0.055),
    (0.465, 0.105),
    (0.535, 0.20),
)
FACE = (
    (0.535, 0.20),
    (0.455, 0.185),
    (0.375, 0.235),
    (0.34, 0.33),
    (0.365, 0.43),
    (0.45, 0.515),
    (0.60, 0.565),
)


def paint(size: int, rng: np.random.Generator) -> Image.Image:
    """Paint the plate `size` pixels wide."""
    blocks = Blocks(size, ASPECT, LINE)
    _sky(blocks, rng)
    _swell(blocks, rng, 0.455, 0.010, 7.0, 0.4, (MID, PALE), 0.005)
    _wave(blocks, rng, np.array([0.625, 0.25]), 0.48)
    _swell(blocks, rng, 0.52, 0.022, 5.2, 2.2, (DARK, MID), 0.008)
    _boat(blocks, 0.70, 0.515, 0.16, -0.10)
    _wave(blocks, rng, np.array([0.0, 0.038]), 0.97)
    _boat(blocks, 0.46, 0.588, 0.20, 0.10)
    _swell(blocks, rng, 0.612, 0.030, 6.0, 4.0, (DARK, MID), 0.012)
    return _print(blocks, rng)


def _print(blocks: Blocks, rng: np.random.Generator) -> Image.Image:
    shape = blocks.shape
    _, y = grid(shape)
    fibre = clouds(rng, shape, 300, 2)
    picture = np.ones((*shape, 3), dtype=np.float32) * INKS[PAPER] * (1 + 0.018 * fibre[..., None])
    picture *= 1 + 0.02 * clouds(rng, shape, 3, 3)[..., None]
    grain = wood(rng, shape)
    shifts = rng.uniform(-0.0022, 0.0022, (len(INKS), 2))
    for block in range(1, len(INKS)):
        where = blocks.colour(block, (float(shifts[block, 0]), float(shifts[block, 1])))
        if block == SKY:
            fade = np.clip(1 - y / 0.24, 0, 1) ** 1.4
            dusk = np.exp(-(((y - 0.40) / 0.09) ** 2))
            where = where * (1 - 0.65 * fade)
            picture = multiply(
                picture, palette("#3f6a9c")[0], fade * blocks.colour(SKY, (0, 0)) * (0.9 + 0.10 * grain)
            )
            picture = multiply(picture, palette("#f0b98f")[0], where * dusk * (0.75 + 0.09 * grain))
        picture = ink(picture, INKS[block], where, grain, clouds(rng, shape, 40, 3))
    worn = np.clip(0.97 + 0.06 * grain + 0.05 * clouds(rng, shape, 160, 2), 0.4, 1)
    return finish(multiply(picture, KEY, blocks.lines() * worn))


def _sky(blocks: Blocks, rng: np.random.Generator) -> None:
    blocks.area([(-0.1, -0.1), (1.1, -0.1), (1.1, 0.8), (-0.1, 0.8)], SKY, outline=False)
    blocks.disc(0.795, 0.165, 0.068, SUN)
    for x, y, long, thick in (
        (0.665, 0.178, 0.22, 0.011),
        (0.76, 0.203, 0.32, 0.013),
        (0.60, 0.218, 0.21, 0.008),
    ):
        run = np.stack([np.linspace(x, x + long, 40), y + 0.0015 * np.sin(np.linspace(0, 9, 40))], axis=-1)
        blocks.stripe(run, thick * np.sin(np.linspace(0.05, np.pi - 0.05, 40)) ** 0.8, PAPER)
    flank = (
        (-0.26, 0.16),
        (-0.14, 0.1),
        (-0.045, 0.02),
        (-0.02, 0.0),
        (0.02, 0.003),
        (0.05, 0.03),
        (0.13, 0.1),
        (0.28, 0.16),
    )
    ridge = smooth(flank, 80) * 0.82 + FUJI
    blocks.area(ridge, GREY)
    cap = smooth(
        ((-0.085, 0.06), (-0.045, 0.02), (-0.02, 0.0), (0.02, 0.003), (0.05, 0.03), (0.08, 0.058)), 40
    )
    teeth = [
        (0.08 - 0.0118 * i, 0.058 + (0.026 if i % 2 else 0) + rng.uniform(-0.008, 0.008))
        for i in range(1, 14)
    ]
    for _ in range(26):
        x = rng.uniform(-0.2, 0.22)
        foot = np.array([[0.25 * x, 0.06], [0.7 * x, 0.1], [x, 0.158]]) * 0.82 + FUJI
        blocks.cut(smooth(foot, 12), LINE * 0.7 * np.sin(np.linspace(0.2, 3.0, 12)))
    blocks.area(np.concatenate([cap, np.array(teeth)]) * 0.82 + FUJI, PAPER)


def _swell(
    blocks: Blocks,
    rng: np.random.Generator,
    level: float,
    height: float,
    freq: float,
    phase: float,
    tones: tuple[int, int],
    foam: float,
) -> None:
    """Cut a rolling stretch of sea across the sheet: crest line, bands that follow it, foam on its tops."""
    x = np.linspace(-0.05, 1.05, 160)
    crest = (
        level - height * np.abs(np.sin(freq * x / 2 + phase)) ** 1.6 + 0.25 * height * np.sin(2.7 * freq * x)
    )
    top = np.stack([x, crest], axis=-1)
    blocks.area(np.concatenate([top, [[1.1, 0.8], [-0.1, 0.8]]]), tones[0])
    for k in range(1, 12):
        sag = 0.5 ** (k / 5)
        y = level + (crest - level) * sag + 0.0022 * k**1.55 + 0.0015 * np.sin(31 * x + 2 * k)
        thick = (0.0025 + 0.0011 * k) * np.clip(
            0.55 + 0.75 * np.sin(freq * x * 1.3 + 0.9 * k + phase), 0.0, 1.0
        )
        line = np.stack([x, y + 0.006], axis=-1)
        blocks.stripe(line, thick, tones[1] if k % 3 else PALE)
        if k % 2:
            blocks.cut(line[::2] + np.array([0, 0.004]), np.full(80, LINE * 0.5) * (thick[::2] > 0.002))
    rise = np.gradient(crest)
    for i in np.flatnonzero((rise[:-1] < 0) & (rise[1:] >= 0)):
        near = top[max(0, i - 11) : i + 10]
        if len(near) > 8:
            _foam(blocks, rng, near, foam * np.sin(np.linspace(0.3, 2.8, len(near))))


def _wave(blocks: Blocks, rng: np.random.Generator, origin: Field, scale: float) -> None:
    """Cut one breaking wave: body, bands sweeping from the crest into the trough, foam and claws."""
    crest = smooth(CREST, 90) * scale + origin
    face = smooth(FACE, 90) * scale + origin
    foot = np.array([[0.75, 0.60], [0.75, 0.9], [-0.5, 0.9], [-0.5, 0.58], [-0.26, 0.50]]) * scale + origin
    blocks.area(np.concatenate([crest, face, foot]), DARK)
    inner = [
        (0.48, 0.13),
        (0.34, 0.075),
        (0.2, 0.10),
        (0.05, 0.25),
        (-0.06, 0.42),
        (-0.15, 0.62),
        (-0.2, 0.8),
    ]
    back = smooth(inner, 90) * scale + origin
    for i, s in enumerate(np.linspace(0.04, 0.97, 25)):
        line = face * (1 - s) + back * s
        begin, end = int(6 + 16 * rng.random()), int(74 + 15 * rng.random())
        part = line[begin:end]
        thick = np.sin(np.linspace(0.02, np.pi - 0.02, len(part))) ** 0.6 * scale
        blocks.stripe(part, thick * (0.017 if i % 2 else 0.010), (PALE, MID, MID)[i % 3])
        blocks.cut(line[begin + 2 : end - 4] + 0.007 * scale, np.full(end - begin - 6, LINE * 0.45))
    edge = np.concatenate([crest[30:], face[1:14]])
    size = scale * np.interp(np.linspace(0, 1, len(edge)), (0, 0.25, 0.8, 1.0), (0.016, 0.040, 0.047, 0.030))
    _spray(blocks, rng, edge, scale)
    _foam(blocks, rng, edge, size)


def _foam(blocks: Blocks, rng: np.random.Generator, edge: Field, size: Field) -> None:
    """Lay foam along `edge` `(n, 2)`: round lobes inside, hooked fingers outside, blue shade in both."""
    tangent = np.gradient(edge, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9
    outward = np.stack([tangent[:, 1], -tangent[:, 0]], axis=-1)
    arc = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(edge, axis=0), axis=1))])
    place, lines, widths, lobes = 0.0, [], [], []
    while place < arc[-1]:
        i = int(np.searchsorted(arc, place))
        s = float(size[i])
        lobes.append((*(edge[i] - outward[i] * s * rng.uniform(-0.05, 0.75)), s * rng.uniform(0.5, 0.85)))
        heading = float(np.arctan2(*(outward[i] * 0.8 + tangent[i] * rng.uniform(0.1, 0.9))[::-1]))
        for path, wide in _claw(
            rng, edge[i], heading, s * rng.uniform(1.1, 1.9), s * 0.62, 2 if s > 0.03 else 1
        ):
            lines.append(path)
            widths.append(wide)
        place += max(s * rng.uniform(0.55, 0.85), 0.003)
    rounds = np.linspace(0, 2 * np.pi, 22)
    circle = np.stack([np.cos(rounds), np.sin(rounds)], axis=-1)
    fills = [ribbon(p, w) for p, w in zip(lines, widths, strict=True)]
    fills += [np.array(lobe[:2]) + circle * lobe[2] for lobe in lobes]
    grown = [ribbon(p, w + 2 * LINE * 0.8) for p, w in zip(lines, widths, strict=True)]
    grown += [np.array(lobe[:2]) + circle * (lobe[2] + LINE * 0.8) for lobe in lobes]
    blocks.shapes(fills, grown, PAPER)
    for path, wide in zip(lines, widths, strict=True):
        blocks.stripe(path[1:-2] + np.array([0, float(wide[2]) * 0.16]), wide[1:-2] * 0.30, PALE)
    for x, y, r in lobes:
        half = np.stack([x + 0.5 * r * np.cos(rounds[2:10]), y + 0.5 * r * np.sin(rounds[2:10])], axis=-1)
        blocks.stripe(half, 0.34 * r * np.sin(np.linspace(0.1, 3.0, 8)), PALE if r > 0.006 else MID)
        blocks.cut(half - [0, 0.12 * r], LINE * 0.7 * np.sin(np.linspace(0.3, 2.8, 8)))


def _claw(
    rng: np.random.Generator, root: Field, heading: float, length: float, width: float, depth: int
) -> list[tuple[Field, Field]]:
    """Grow a hooked finger from `root`, with smaller ones on its back; returns centre lines and widths."""
    t = np.linspace(0, 1, 12)
    turn = heading + rng.uniform(1.0, 1.9) * t**1.5
    step = length / len(t)
    path = root + np.cumsum(np.stack([np.cos(turn), np.sin(turn)], axis=-1), axis=0) * step
    grown: list[tuple[Field, Field]] = [(path, width * (1 - 0.86 * t**1.3))]
    if depth > 0:
        for at in (4, 7, 9)[: 2 + (rng.random() < 0.5)]:
            side = float(turn[at]) - rng.uniform(0.5, 1.2)
            grown += _claw(rng, path[at], side, length * 0.52, width * 0.55, depth - 1)
    return grown


def _spray(blocks: Blocks, rng: np.random.Generator, edge: Field, scale: float) -> None:
    for _ in range(170):
        x, y = (
            edge[rng.integers(15, len(edge))]
            + rng.normal(0, 0.035, 2) * scale
            + [0.036 * scale, 0.022 * scale]
        )
        blocks.disc(x, y, scale * rng.choice([0.0016, 0.0024, 0.0036, 0.005]), PAPER, outline=True)


def _boat(blocks: Blocks, x: float, y: float, long: float, tilt: float) -> None:
    """Cut a slender boat with its rowers, `long` from stem to stern, rotated by `tilt`."""
    turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]]) * long
    hull = smooth(
        [
            (-0.5, -0.16),
            (-0.3, 0.0),
            (0.0, 0.05),
            (0.3, 0.0),
            (0.55, -0.2),
            (0.3, 0.09),
            (0, 0.14),
            (-0.3, 0.09),
        ],
        60,
        True,
    )
    for k in range(6):
        seat = np.array([-0.28 + 0.11 * k, -0.035])
        body = smooth([seat + p for p in ((-0.05, 0.07), (-0.03, -0.05), (0.02, -0.07), (0.05, 0.07))], 16)
        blocks.area(body @ turn + [x, y], DARK if k % 2 else MID)
        head = (seat + np.array([0.005, -0.085])) @ turn + [x, y]
        blocks.disc(float(head[0]), float(head[1]), 0.026 * long, OCHRE, outline=True)
    blocks.area(hull @ turn + [x, y], OCHRE)
    plank = smooth([(-0.42, -0.04), (-0.2, 0.06), (0.1, 0.09), (0.42, -0.06)], 30)
    blocks.cut(plank @ turn + [x, y], np.full(30, LINE * 0.6))
