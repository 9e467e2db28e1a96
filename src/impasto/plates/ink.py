"""Ink: misty mountains, a pine on a rock and bamboo in ink wash on fibrous paper, with a red seal."""

from __future__ import annotations

import numpy as np
from PIL import Image

from .colour import Field, palette
from .flora import bamboo, rock_and_pine
from .noise import clouds, lattice, sample, streaks
from .surface import Mask, finish, multiply, smooth
from .wash import Sheet

INK = palette("#23211f")[0]
PAPER = palette("#efe4cb")[0]
SEAL = palette("#b5281e")[0]
# Mountain ranges from far to near: y of the foot, height, x of the highest peak, strength of the ink.
RANGES = (
    (0.40, 0.19, 0.63, 0.24),
    (0.46, 0.29, 0.40, 0.42),
    (0.54, 0.20, 0.78, 0.56),
    (0.62, 0.12, 0.54, 0.64),
)


def paint(size: int, rng: np.random.Generator) -> Image.Image:
    """Paint the plate `size` pixels wide."""
    sheet = Sheet(size, rng)
    _sky(sheet)
    for layer, (base, height, middle, tone) in enumerate(RANGES):
        _mountain(sheet, base, height, middle, tone, layer)
    _river(sheet)
    rock_and_pine(sheet)
    bamboo(sheet)
    _birds(sheet)
    return _stamp(sheet)


def _sky(sheet: Sheet) -> None:
    mist = np.clip(0.07 + 0.055 * clouds(sheet.rng, sheet.shape, 4, 4), 0, 1)
    sheet.wash(mist * np.clip(1.1 - sheet.y / 0.5, 0, 1), 1.0, 0.06)
    moon = np.hypot(sheet.x - 0.235, sheet.y - 0.135)
    ring = np.clip(1 - np.abs(moon - 0.075) / 0.075, 0, 1) * (moon > 0.052)
    sheet.wash(ring**1.5, 0.20, 0.06)


def _mountain(sheet: Sheet, base: float, height: float, middle: float, tone: float, layer: int) -> None:
    """Wash one range: a dark ridge that dissolves downwards into mist, with dry texture strokes."""
    rng, x, y = sheet.rng, sheet.x, sheet.y
    n = np.linspace(0, 1, 700, dtype=np.float32)
    rough = np.zeros(700)
    for octave in range(6):
        knots = rng.uniform(-1, 1, 5 * 2**octave + 2)
        rough += 0.58**octave * np.interp(n, np.linspace(0, 1, len(knots)), knots)
    peaks = 0.0
    for at, wide, tall in (
        (middle, 0.07, 1.0),
        (middle + 0.12, 0.06, 0.66),
        (middle - 0.13, 0.05, 0.5),
        (middle - 0.29, 0.08, 0.66),
        (middle - 0.46, 0.07, 0.5),
    ):
        peaks = peaks + tall * np.exp(-(np.abs((n - at) / wide) ** 1.8))
    top = base - height * np.clip(peaks, 0, 1.05) - (0.13 + 0.12 * np.clip(peaks, 0, 1)) * height * rough
    ridge = np.interp(x[0], n, top).astype(np.float32)[None, :]
    depth = y - ridge
    inside = np.clip(depth * max(sheet.shape) * 0.7 + 0.5, 0, 1)
    drift = 0.028 * clouds(rng, sheet.shape, 3, 4)
    fade = np.clip(1 - (depth + drift) / (0.75 * height), 0, 1) ** 1.3
    folds = clouds(rng, sheet.shape, 10, 5, 0.6)
    crease = sample(folds, x + 0.35 * depth, 0.25 * y + 0.1)
    edge = 0.38 * np.exp(-np.clip(depth, 0, 1) / 0.010)
    sheet.wash(inside * fade, tone * (0.72 + 0.20 * crease + edge))
    strokes = streaks(rng, sheet.shape, 120, 9, 3)
    slope = np.convolve(
        np.gradient(ridge[0], 1 / max(sheet.shape)),
        np.ones(max(3, len(x[0]) // 40)) / max(3, len(x[0]) // 40),
        "same",
    )
    fall = np.clip(0.35 * slope, -0.55, 0.55).astype(np.float32)[
        None, :
    ]  # strokes run down the flank they are on
    flank = sample(strokes, np.abs(x - fall * depth), np.clip(depth + 0.1, 0, sheet.aspect))
    shaded = np.clip(0.55 + 0.5 * crease + 0.4 * fall, 0, 1)
    sheet.dry(inside * fade * shaded * np.clip(1.1 * flank, 0, 1), 0.85 * tone, 0.15)
    if layer >= 1:
        _forest(sheet, n, top, tone, layer)


def _forest(sheet: Sheet, n: Field, top: Field, tone: float, layer: int) -> None:
    """Dab small firs along a ridge."""
    mask = Mask(sheet.size, sheet.aspect)
    for at in sheet.rng.integers(10, 690, 60 + 40 * layer):
        x, tall = float(n[at]), sheet.rng.uniform(0.008, 0.016) * (0.7 + 0.3 * layer)
        y = float(top[at]) + sheet.rng.exponential(0.012) + 0.3 * tall
        for k in range(5):
            drop, half = tall * (0.2 * k - 0.8), 0.06 * tall * (1.3 + k)
            mask.line([(x - half, y + drop + 0.05 * tall), (x + half, y + drop)], 0.0014, 220)
        mask.line([(x, y - tall), (x, y + 0.25 * tall)], 0.0011, 240)
    sheet.wash(mask.read(), min(0.9, 1.25 * tone))


def _river(sheet: Sheet) -> None:
    rng, x, y = sheet.rng, sheet.x, sheet.y
    ripple = streaks(rng, sheet.shape, 5, 70, 2)
    zone = np.exp(-(((y - 0.625) / 0.045) ** 2)) * np.clip(1.2 - np.abs(x - 0.55) * 1.8, 0, 1)
    sheet.wash(zone * np.clip(ripple - 0.3, 0, 1.4), 0.26)
    boat = Mask(sheet.size, sheet.aspect)
    boat.polygon(
        smooth(
            [(0.555, 0.602), (0.60, 0.612), (0.65, 0.600), (0.64, 0.618), (0.60, 0.624), (0.565, 0.617)],
            40,
            True,
        )
    )
    boat.polygon(smooth([(0.59, 0.607), (0.595, 0.588), (0.603, 0.588), (0.612, 0.607)], 20, True))
    boat.polygon([(0.588, 0.588), (0.599, 0.579), (0.611, 0.589)])
    boat.line([(0.606, 0.593), (0.632, 0.640)], 0.0018)
    sheet.wash(boat.read(), 0.86)
    trail = [(0.552 + 0.004 * k, 0.627 + 0.001 * (k % 3)) for k in range(30)]
    reflection = Mask(sheet.size, sheet.aspect)
    reflection.brush(np.array(trail), np.linspace(0.001, 0.008, 30))
    sheet.dry(reflection.read(), 0.45, 0.2)


def _birds(sheet: Sheet) -> None:
    mask = Mask(sheet.size, sheet.aspect)
    for k in range(9):
        x, y = 0.40 + 0.026 * k + sheet.rng.normal(0, 0.006), 0.135 - 0.008 * k + sheet.rng.normal(0, 0.010)
        s = sheet.rng.uniform(0.006, 0.010)
        wings = smooth(
            [
                (x - s, y - 0.35 * s),
                (x - 0.45 * s, y - 0.6 * s),
                (x, y),
                (x + 0.5 * s, y - 0.65 * s),
                (x + 1.1 * s, y - 0.2 * s),
            ],
            20,
        )
        mask.brush(wings, 0.0022 * np.sin(np.linspace(0.2, 2.9, 20)))
    sheet.wash(mask.read(), 0.8)


def _stamp(sheet: Sheet) -> Image.Image:
    """Lay the ink on the paper and press the seal beside the bamboo."""
    rng = sheet.rng
    tone = PAPER * (1 + 0.020 * sheet.grain + 0.022 * sheet.fibre + 0.022 * sheet.pool)[..., None]
    speck = np.clip(lattice(rng, sheet.shape, 420, 300) - 3.0, 0, 1)
    picture = INK + (tone - INK) * (sheet.light * (1 - 0.5 * speck))[..., None]
    seal = Mask(sheet.size, sheet.aspect)
    left, top, side = 0.628, 0.060, 0.050
    seal.polygon(
        smooth(
            np.array([(0, 0), (0.5, 0.01), (1, 0), (1.01, 0.5), (1, 1), (0.5, 0.99), (0, 1), (-0.01, 0.5)])
            * side
            + [left, top],
            60,
            True,
        )
    )
    for strokes in SIGNS:
        seal.line(np.array(strokes) * side + [left, top], 0.075 * side, 0)
    return finish(multiply(picture, SEAL, seal.read() * np.clip(0.88 + 0.13 * sheet.grain, 0.2, 1)))


# Invented signs, not writing: strokes in a unit square.
SIGNS = (
    ((0.16, 0.18), (0.44, 0.18), (0.44, 0.46), (0.16, 0.46), (0.16, 0.18)),
    ((0.30, 0.10), (0.30, 0.88)),
    ((0.14, 0.62), (0.46, 0.62)),
    ((0.14, 0.86), (0.22, 0.72)),
    ((0.46, 0.86), (0.38, 0.72)),
    ((0.58, 0.16), (0.88, 0.16)),
    ((0.72, 0.16), (0.72, 0.50), (0.58, 0.58)),
    ((0.56, 0.36), (0.90, 0.36)),
    ((0.60, 0.66), (0.86, 0.66), (0.86, 0.86), (0.60, 0.86), (0.60, 0.66)),
)
