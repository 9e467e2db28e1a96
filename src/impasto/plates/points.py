"""Points: a sunlit river bank in dots of pure colour, each tone divided into its hue and the complement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from .colour import Field, mix, palette, ramp
from .noise import clouds, grid, sample, scatter
from .surface import Mask, blur, finish, over, read, relief, shape_of, smooth, work_size

ASPECT = 0.68
PLAN = 480  # width of the colour plan that the dots read
BANK = 0.335  # where the far bank meets the water

# Strollers: x, y of the feet, height, dress, parasol. Sails: x, height.
PEOPLE = (
    (0.345, 0.625, 0.150, "#c22f5a", "#f5a023"),
    (0.415, 0.630, 0.155, "#262f6a", "#7a4fb0"),
    (0.655, 0.555, 0.100, "#f6efe0", "#d2343f"),
    (0.705, 0.557, 0.070, "#4a4aa8", "#f7e9a0"),
)
SAILS = ((0.565, 0.12), (0.675, 0.08), (0.345, 0.06))
ARCH = np.linspace(np.pi, 2 * np.pi, 14)
FIGURE = {
    "dress": smooth(
        [
            (-0.05, -0.8),
            (0.05, -0.8),
            (0.10, -0.66),
            (0.07, -0.5),
            (0.16, -0.25),
            (0.23, 0),
            (0, 0.02),
            (-0.28, 0),
            (-0.24, -0.3),
            (-0.10, -0.48),
            (-0.10, -0.66),
        ],
        50,
        True,
    ),
    "shade": np.stack([0.33 * np.cos(ARCH), -1.02 + 0.24 * np.sin(ARCH)], axis=-1),
    "cast": np.array([(-0.2, 0), (0.2, -0.05), (0.8, 0.08), (0.6, 0.14)]),
    "sail": np.array([(0, -1), (0.42, -0.08), (0, -0.08)]),
    "image": np.array([(0, 0.7), (0.25, 0.1), (0, 0.1)]),
    "hull": np.array([(-0.25, -0.05), (0.5, -0.05), (0.35, 0.06), (-0.15, 0.06)]),
}

# The tube colours on the palette; every dot is one of these, a little whitened or deepened.
PURE = palette(
    "#f7e9a0",
    "#fbd23a",
    "#f59a23",
    "#e8602c",
    "#d2343f",
    "#c65a94",
    "#8a56ac",
    "#4a4aa8",
    "#2a62b8",
    "#3f97d0",
    "#8cc7e2",
    "#2f9c8e",
    "#2e8b4e",
    "#6bb04a",
    "#b5cf52",
    "#f4f1dc",
    "#f3c6b4",
    "#c9b6dc",
    "#1d2f62",
    "#1f5640",
)


def paint(size: int, rng: np.random.Generator) -> Image.Image:
    """Paint the plate `size` pixels wide."""
    plan = _landscape(rng)
    shape = shape_of(size, ASPECT)
    unit = work_size(size)
    height, width = shape_of(unit, ASPECT)
    canvas = Image.new("CMYK", (width, height), (231, 222, 196, 40))
    pen = ImageDraw.Draw(canvas)
    for spacing, radius, accent in ((0.0094, 0.0072, 0.16), (0.0062, 0.0042, 0.22), (0.0052, 0.0029, 0.30)):
        points = scatter(rng, spacing, ASPECT)
        _dots(
            pen,
            unit,
            points,
            _divide(rng, plan, points, accent),
            radius * rng.uniform(0.75, 1.25, len(points)),
            rng,
        )
    points = scatter(rng, 0.0040, ASPECT)
    points = points[_detail(points)]
    _dots(
        pen,
        unit,
        points,
        _divide(rng, plan, points, 0.10),
        0.0024 * rng.uniform(0.75, 1.25, len(points)),
        rng,
    )
    layers = read(canvas, shape)
    light = relief(blur(layers[..., 3], 0.0008), 0.0035)
    linen = clouds(rng, shape, 330, 2)
    return finish(layers[..., :3] * 255 * (1 + 0.30 * light[..., None]) + 2.0 * linen[..., None])


def _detail(points: Field) -> NDArray[np.bool_]:
    """Say which points lie at the strollers and sails, where the smallest dots go."""
    near = np.zeros(len(points), dtype=bool)
    for x, y, tall, _, _ in PEOPLE:
        near |= (np.abs(points[:, 0] - x) < 0.5 * tall) & (
            np.abs(points[:, 1] - y + 0.55 * tall) < 0.75 * tall
        )
    for x, tall in SAILS:
        near |= (np.abs(points[:, 0] - x) < 0.6 * tall) & (np.abs(points[:, 1] - BANK) < tall)
    return near


def _divide(rng: np.random.Generator, plan: Field, points: Field, accent: float) -> Field:
    """Choose a pure colour for each point so that neighbours mix to the plan in the eye.

    A share `accent` of the dots takes the complement of the local colour; the others take the nearest
    pure colour to the plan's tone after a random push, which is dithering by noise.
    """
    tone = sample(plan, points[:, 0], points[:, 1])
    pushed = tone + rng.normal(0, 26, tone.shape)
    grey = tone.mean(axis=1, keepdims=True)
    complement = grey + 0.9 * (grey - tone) + rng.normal(0, 16, tone.shape)
    chosen = np.where(rng.random((len(points), 1)) < accent, 0.35 * pushed + 0.65 * complement, pushed)
    distance = ((chosen[:, None] - PURE[None]) ** 2 * np.array([0.3, 0.5, 0.2])).sum(axis=-1)
    pure = PURE[np.argmin(distance, axis=1)]
    paints = pure * 0.80 + tone * 0.20 + rng.normal(0, 7, tone.shape)
    return np.asarray(np.clip(paints, 0, 255), dtype=np.float32)


def _dots(
    pen: ImageDraw.ImageDraw,
    unit: int,
    points: Field,
    colours: Field,
    radius: Field,
    rng: np.random.Generator,
) -> None:
    """Touch the canvas once at each point; a dot is thicker at its middle than at its rim."""
    wide = radius * rng.uniform(0.9, 1.25, len(points))
    boxes = np.stack(
        [points[:, 0] - wide, points[:, 1] - radius, points[:, 0] + wide, points[:, 1] + radius], -1
    )
    body = rng.integers(95, 170, len(points))
    for box, colour, high in zip(
        (boxes * unit).tolist(), colours.astype(int).tolist(), body.tolist(), strict=True
    ):
        pen.ellipse(box, fill=(*colour, high))
        third = (box[2] - box[0]) / 3.2
        core = [box[0] + third, box[1] + third, box[2] - third, box[3] - third]
        if core[2] > core[0] and core[3] > core[1]:
            bright = tuple(min(255, c + 10) for c in colour)
            pen.ellipse(core, fill=(*bright, high + 70))


def _landscape(rng: np.random.Generator) -> Field:
    shape = (round(PLAN * ASPECT), PLAN)
    x, y = grid(shape)
    rough, soft = clouds(rng, shape, 26, 3), clouds(rng, shape, 5, 4)
    sky = ramp(
        y / BANK + 0.06 * soft, (0.0, 0.45, 0.8, 1.0), palette("#4f97d6", "#8cc4e6", "#f3dcc0", "#f9d9a0")
    )
    billow = clouds(rng, shape, 6, 4, 0.55)
    puffs = np.clip(1.5 * (billow - 0.4) - 9 * (y / BANK - 0.45) ** 2 + 0.5, 0, 1)
    lit = billow - sample(billow, x - 0.012, y - 0.022) + 0.1 * rough
    cloud = ramp(lit, (-0.7, -0.1, 0.5), palette("#b3a3d6", "#f6d9cf", "#fffbe6"))
    picture = mix(sky, cloud, 0.92 * puffs)
    picture = _far_bank(picture, x, y, rough)
    picture = _river(picture, x, y, soft, rough)
    picture = _meadow(rng, picture, x, y, soft, rough)
    picture = _trees(picture, x, y, rough)
    return _people(picture)


def _far_bank(picture: Field, x: Field, y: Field, rough: Field) -> Field:
    hill = BANK - 0.055 - 0.030 * np.sin(4.1 * x + 0.8) - 0.004 * rough
    blue = ramp((y - hill) / 0.08 + 0.1 * rough, (0.0, 0.6, 1.0), palette("#8a9fd4", "#7fb0a8", "#c5cf7a"))
    picture = np.where((y > hill)[..., None], blue, picture)
    bush = BANK - 0.026 - 0.020 * np.abs(np.sin(21 * x + 0.6 * np.sin(9 * x))) - 0.004 * rough
    green = ramp((y - bush) / 0.045 + 0.2 * rough, (-0.1, 0.4, 0.9), palette("#d4d65c", "#5a9f50", "#2c5d78"))
    return np.where((y > bush)[..., None], green, picture)


def _river(picture: Field, x: Field, y: Field, soft: Field, rough: Field) -> Field:
    """Mirror what stands above the bank, break it with ripples and strew the sun over it."""
    depth = np.maximum(y - BANK, 0)
    wave = 0.010 * np.sin(240 * depth**0.8 + 2 * soft) + 0.006 * rough
    mirror = sample(picture, x + wave, np.maximum(BANK - 0.95 * depth + 0.4 * wave, 0))
    water = mix(mirror, ramp(depth / 0.3, (0.0, 1.0), palette("#6aa8de", "#2456b0")), 0.48)
    glint = np.exp(-(((x - 0.58 - 0.15 * depth) / (0.06 + 0.3 * depth)) ** 2))
    glint = np.clip(glint * (0.45 + 0.55 * np.sin(300 * depth**0.85 + 3 * rough)), 0, 1)
    water = mix(water, palette("#fff0b0")[0], 0.85 * glint)
    return np.where((y > BANK)[..., None], water, picture).astype(np.float32)


def _meadow(rng: np.random.Generator, picture: Field, x: Field, y: Field, soft: Field, rough: Field) -> Field:
    edge = 0.60 - 0.30 * x**1.5 * (x > 0) + 0.16 * (x - 0.5) ** 2 + 0.010 * np.sin(13 * x) + 0.003 * rough
    edge = np.where(x < 0.35, edge - 0.55 * (0.35 - x), edge)
    depth = (y - edge) / 0.3
    sun = ramp(
        depth + 0.13 * soft, (0.0, 0.25, 0.7, 1.0), palette("#f2e27a", "#c2d052", "#7fb347", "#4f9648")
    )
    shade = ramp(depth, (0.0, 1.0), palette("#3f7f7a", "#2c4f8a"))
    dapple = np.exp(-(((x - 0.16) / 0.20) ** 2 + ((y - 0.56) / 0.05) ** 2)) * 1.3
    dapple += np.exp(-(((x - 0.93) / 0.17) ** 2 + ((y - 0.53) / 0.045) ** 2)) * 1.2
    field = mix(sun, shade, np.clip(dapple + 0.22 * rough * (dapple > 0.2), 0, 0.9).astype(np.float32))
    flowers = clouds(rng, x.shape, 70, 1)
    for seed, colour in ((1.9, "#e2473f"), (-1.9, "#f6c9dc")):
        bloom = (flowers * np.sign(seed) > abs(seed)) & (depth > 0.25)
        field = np.where(bloom[..., None], palette(colour)[0], field)
    return np.where((y > edge)[..., None], field, picture).astype(np.float32)


def _trees(picture: Field, x: Field, y: Field, rough: Field) -> Field:
    for foot, ground, crowns in (
        (
            0.145,
            0.565,
            (
                (0.06, 0.17, 0.13),
                (0.19, 0.12, 0.14),
                (0.13, 0.26, 0.14),
                (0.27, 0.23, 0.085),
                (0.0, 0.3, 0.09),
            ),
        ),
        (0.925, 0.53, ((0.93, 0.20, 0.11), (0.86, 0.27, 0.075), (1.0, 0.27, 0.10))),
        (0.44, BANK + 0.004, ((0.44, 0.255, 0.042), (0.47, 0.285, 0.03), (0.41, 0.285, 0.03))),
    ):
        trunk = Mask(PLAN, ASPECT)
        lean = smooth([(foot, ground), (foot + 0.006, 0.5 * (ground + crowns[0][1])), crowns[0][:2]], 20)
        trunk.brush(lean, np.linspace(0.030, 0.008, 20) * crowns[0][2] / 0.13)
        bark = ramp((x - foot) / 0.014 + 0.2 * rough, (-1, 0, 1), palette("#e09a5c", "#7a4a68", "#2f2f66"))
        picture = over(picture, bark, trunk.read())
        for cx, cy, r in crowns:
            away = np.hypot(x - cx, (y - cy) * 1.15) / r + 0.13 * rough
            lit = ((cx - x) * 0.55 + (cy - y)) / r + 0.25 * rough
            leaf = ramp(
                lit.astype(np.float32),
                (-0.7, -0.2, 0.3, 0.8),
                palette("#1d3f74", "#1f7a5c", "#79b548", "#f0dd5c"),
            )
            picture = np.where((away < 1)[..., None], leaf, picture)
    return picture


def _people(picture: Field) -> Field:
    """Set strollers with parasols on the bank and sails on the river; small, so the dots decide."""
    for x, y, tall, dress, shade in PEOPLE:
        base = np.array([x, y])
        for kind, colour in (("cast", "#2f5a8a"), ("dress", dress), ("head", "#e0906c"), ("shade", shade)):
            mask = Mask(PLAN, ASPECT)
            if kind == "head":
                mask.disc(x, y - 0.87 * tall, 0.075 * tall)
            else:
                mask.polygon(FIGURE[kind] * tall + base)
            picture = over(picture, palette(colour)[0], mask.read())
    for x, tall in SAILS:
        base = np.array([x, BANK + 0.6 * tall])
        for part, colour, cover in (
            ("sail", "#fdf4dc", 1.0),
            ("image", "#fdf4dc", 0.45),
            ("hull", "#a8473a", 1.0),
        ):
            mask = Mask(PLAN, ASPECT)
            mask.polygon(FIGURE[part] * tall + base)
            picture = over(picture, palette(colour)[0], cover * mask.read())
    return picture
