"""Plants of the ink plate: a pine on a rock and bamboo, drawn needle by needle and leaf by leaf."""

from __future__ import annotations

import numpy as np

from .colour import Field
from .noise import clouds, sample, streaks
from .surface import Mask, blur, smooth
from .wash import Sheet


def rock_and_pine(sheet: Sheet) -> None:
    """Set a leaning pine on a rock in the lower right."""
    rng = sheet.rng
    rock = Mask(sheet.size, sheet.aspect)
    outline = smooth(
        [
            (0.68, 0.72),
            (0.71, 0.655),
            (0.77, 0.62),
            (0.80, 0.565),
            (0.87, 0.545),
            (0.93, 0.50),
            (1.02, 0.48),
            (1.02, 0.72),
        ],
        90,
    )
    outline = outline + rng.normal(0, 0.0022, outline.shape)
    rock.polygon(outline)
    body = rock.read()
    sheet.spare(body)
    rim = np.clip(body - blur(body, 0.012), 0, 1)
    cracks = sample(clouds(rng, sheet.shape, 16, 5, 0.65), sheet.x + 0.6 * sheet.y, 0.45 * sheet.y)
    sheet.wash(body, np.clip(0.40 + 0.16 * cracks + 0.7 * rim + 1.5 * (sheet.y - 0.6), 0.12, 0.93))
    hatch = streaks(rng, sheet.shape, 60, 14, 3)
    slant = sample(hatch, np.mod(sheet.x + 0.7 * sheet.y, 1.0), sheet.y)
    sheet.dry(body * np.clip(1.2 * slant, 0, 1), 0.85, 0.0)
    _pine(
        sheet,
        [(0.885, 0.56), (0.865, 0.45), (0.895, 0.36), (0.845, 0.27), (0.865, 0.17), (0.815, 0.10)],
        0.030,
    )


def _pine(sheet: Sheet, spine: list[tuple[float, float]], girth: float) -> None:
    rng = sheet.rng
    trunk, needles, pads = (Mask(sheet.size, sheet.aspect) for _ in range(3))
    stem = smooth(spine, 80)
    wide = girth * np.linspace(1.0, 0.18, 80) * (1 + 0.10 * np.sin(np.linspace(0, 40, 80)))
    trunk.brush(stem + rng.normal(0, 0.0008, stem.shape), wide)
    for at, reach, way in (
        (24, 0.17, -1),
        (33, 0.11, 1),
        (43, 0.20, -1),
        (52, 0.115, 1),
        (60, 0.135, -1),
        (69, 0.10, 1),
        (76, 0.09, -1),
    ):
        root = stem[at]
        limb = smooth(
            [
                root,
                root + np.array([0.4 * way * reach, -0.10 * reach]),
                root + np.array([0.75 * way * reach, 0.06 * reach]),
                root + np.array([way * reach, -0.02]),
            ],
            40,
        )
        trunk.brush(limb, np.linspace(0.36, 0.08, 40) * girth)
        for spot in np.linspace(9, 39, 6).astype(int):
            _cluster(rng, needles, pads, limb[spot] - [0, 0.008], 0.030 + 0.012 * rng.random())
    _cluster(rng, needles, pads, stem[-1], 0.036)
    bark = trunk.read()
    sheet.spare(0.9 * bark)
    sheet.wash(blur(pads.read(), 0.006), 0.36)
    rim = np.clip(bark - blur(bark, 0.004), 0, 1)
    sheet.wash(bark, np.clip(0.40 + 1.2 * rim, 0, 0.92))
    sheet.dry(bark, 0.80, 0.15, sheet.upright)
    sheet.wash(needles.read(), 0.82, 0.14)


def _cluster(rng: np.random.Generator, needles: Mask, pads: Mask, centre: Field, radius: float) -> None:
    """Draw a fan of needles over a pale pad of wash."""
    pads.disc(float(centre[0]), float(centre[1]), 0.55 * radius)
    for angle in rng.uniform(-np.pi - 0.25, 0.25, 34):
        long = radius * rng.uniform(0.55, 1.0)
        tip = centre + long * np.array([np.cos(angle), 0.62 * np.sin(angle)])
        root = centre + 0.12 * (tip - centre)
        needles.brush(
            np.linspace(root, tip, 4), [0.0017, 0.0016, 0.0011, 0.0004], int(rng.integers(150, 255))
        )


def bamboo(sheet: Sheet) -> None:
    """Paint bamboo on the left edge: jointed stalks in flying white, leaves in full black."""
    rng = sheet.rng
    for x, lean, wide, tone in (
        (0.150, 0.05, 0.013, 0.32),
        (0.045, 0.035, 0.017, 0.62),
        (0.095, -0.035, 0.020, 0.80),
    ):
        stalk, leaves = Mask(sheet.size, sheet.aspect), Mask(sheet.size, sheet.aspect)
        foot = 0.74
        while foot > -0.05:
            long = rng.uniform(0.095, 0.125)
            t = np.linspace(0, 1, 12)
            cx = x + lean * (0.72 - (foot - long * t)) / 0.72
            path = np.stack([cx, foot - 0.004 - (long - 0.008) * t], axis=-1)
            stalk.brush(path, wide * (1 + 0.22 * (2 * t - 1) ** 6))
            if foot < 0.60:
                for _ in range(int(rng.integers(2, 5))):
                    _leaf(rng, leaves, path[-1], rng.choice([-1, 1]))
            foot -= long
        reed = stalk.read()
        sheet.spare(np.maximum(reed, leaves.read()) * (0.5 + 0.5 * tone))
        rim = np.clip(1.6 * (reed - blur(reed, 0.35 * wide)), 0, 1)
        sheet.wash(reed, np.clip(0.42 * tone + tone * rim, 0, 0.92), 0.06)
        sheet.dry(reed, 0.95 * tone, 0.05, sheet.upright)
        sheet.wash(leaves.read(), tone + 0.08, 0.08)


def _leaf(rng: np.random.Generator, leaves: Mask, joint: Field, way: float) -> None:
    heading = np.pi / 2 - way * rng.uniform(0.25, 1.25)
    twig = joint + rng.uniform(0.01, 0.05) * np.array([way, rng.uniform(-0.5, 0.4)])
    leaves.line([joint, twig], 0.0018)
    for _ in range(int(rng.integers(2, 5))):
        angle = heading + rng.normal(0, 0.35)
        t = np.linspace(0, 1, 16)
        turn = angle + way * 0.25 * t
        long = rng.uniform(0.055, 0.105)
        path = twig + np.cumsum(np.stack([np.cos(turn), np.sin(turn)], axis=-1), axis=0) * long / 16
        leaves.brush(
            path, 0.0145 * np.sin(np.pi * np.clip(t, 0.02, 1) ** 0.6) ** 0.9, int(rng.integers(170, 255))
        )
