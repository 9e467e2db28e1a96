"""Swirls: a river town at night in thick oil, sky and water turning in vortices of blue and yellow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .colour import Field, mix, palette, ramp
from .noise import Bilinear, clouds, grid, scatter, standard
from .strokes import Oil, Scene, StrokeBrush
from .surface import Mask, blur, finish, over, relief, smooth

ASPECT = 0.8
PLAN = 480  # width of the colour plan that the strokes read; the picture may have any size
PLAN_HEIGHT = round(PLAN * ASPECT)

SKY = palette("#0b1744", "#142a72", "#1d459f", "#2f6cc0", "#5f9fd2", "#a5cfd8", "#dfe6bd")
LIGHT = palette("#fff7c4", "#fbd84b", "#f0b323", "#e3cf6c", "#9accc0", "#3f7fc4")
LAND = palette("#0a1a3a", "#12324f", "#1d4d58", "#2f6a58", "#4f8657")
WATER = palette("#0a1440", "#14307a", "#2454a3", "#3f7dbd", "#7fb2c4")

# x, y, radius, turning sense
VORTICES = ((0.43, 0.235, 0.135, 1.0), (0.615, 0.315, 0.085, -1.0), (0.13, 0.40, 0.07, -1.0))
STARS = (
    (0.845, 0.135, 0.095),
    (0.085, 0.095, 0.05),
    (0.235, 0.165, 0.042),
    (0.60, 0.075, 0.045),
    (0.705, 0.20, 0.036),
    (0.285, 0.345, 0.034),
    (0.925, 0.345, 0.042),
    (0.775, 0.39, 0.026),
    (0.395, 0.055, 0.03),
)
LAMPS = (0.30, 0.375, 0.43, 0.505, 0.575, 0.655, 0.72, 0.80, 0.90)
SHORE = 0.575
STEEPLE = 0.545


def paint(size: int, rng: np.random.Generator) -> Image.Image:
    """Paint the plate `size` pixels wide."""
    scene = _scene(rng)
    oil = Oil(size, ASPECT, (20, 34, 82))
    oil.strokes(rng, scatter(rng, 0.016, ASPECT), scene, StrokeBrush(0.021, 0.075, 9, 10, 7))
    oil.strokes(rng, scatter(rng, 0.0115, ASPECT), scene, StrokeBrush(0.0115, 0.052, 7, 15, 9, 15))
    fine = scatter(rng, 0.0098, ASPECT)
    oil.strokes(rng, fine[_busy(fine)], scene, StrokeBrush(0.0075, 0.028, 5, 12, 8, 14))
    colour, thickness = oil.read()
    light = relief(blur(thickness, 0.0006), 0.0042)
    weave = clouds(rng, thickness.shape, 420, 2)
    lit = colour * (1 + 0.55 * light[..., None]) + 70 * np.maximum(light, 0)[..., None] ** 2
    return finish(lit + 2.2 * weave[..., None])


def _busy(points: Field) -> NDArray[np.bool_]:
    """Say which points lie at lights, vortices or the town, where the small brush works."""
    x, y = points[:, 0], points[:, 1]
    near = ((y > SHORE - 0.10) & (y < SHORE + 0.03)) | (x + 0.12 * y < 0.28) & (y > 0.12)
    near |= (np.abs(x - STEEPLE) < 0.03) & (y > 0.39) & (y < SHORE)
    for sx, sy, radius in STARS:
        near |= np.hypot(x - sx, y - sy) < radius * 1.05
    for vx, vy, radius, _ in VORTICES:
        near |= np.hypot(x - vx, y - vy) < radius * 0.8
    return near


def _scene(rng: np.random.Generator) -> Scene:
    shape = (PLAN_HEIGHT, PLAN)
    x, y = grid(shape)
    dx, dy = _sky_flow(x, y, clouds(rng, shape, 3, 3))
    colour = _sky_colour(x, y, _drawn_out(clouds(rng, shape, 22, 3), x, y, dx, dy))
    colour, dx, dy = _land(rng, x, y, colour, dx, dy)
    colour, dx, dy = _water(rng, x, y, colour, dx, dy)
    colour, dx, dy = _cypress(rng, x, y, colour, dx, dy)
    return Scene(colour, dx, dy)


def _sky_flow(x: Field, y: Field, noise: Field) -> tuple[Field, Field]:
    angle = 0.35 * np.sin(7 * x + 2.0) + 0.22 * noise
    dx, dy = np.cos(angle), np.sin(angle)
    turns = [(vx, vy, r, s, 4.0, 0.12) for vx, vy, r, s in VORTICES]
    turns += [(sx, sy, r, 1.0, 9.0, 0.0) for sx, sy, r in STARS]
    for cx, cy, radius, sense, strength, inward in turns:
        rx, ry = x - cx, y - cy
        r = np.hypot(rx, ry) + 1e-4
        weight = strength * np.exp(-((r / radius) ** 2) * 1.1)
        dx = dx + weight * (-sense * ry - inward * rx) / r
        dy = dy + weight * (sense * rx - inward * ry) / r
    return dx.astype(np.float32), dy.astype(np.float32)


def _drawn_out(noise: Field, x: Field, y: Field, dx: Field, dy: Field) -> Field:
    """Average noise along the flow (line integral convolution), so that tones run with the strokes."""
    norm, shape = np.hypot(dx, dy) + 1e-6, (PLAN_HEIGHT, PLAN)
    ux, uy = dx / norm, dy / norm
    total = noise.copy()
    for sign in (-1.0, 1.0):
        px, py = x, y
        here = Bilinear(shape, px, py)
        for _ in range(16):
            px, py = px + sign * 0.0045 * here(ux), py + sign * 0.0045 * here(uy)
            here = Bilinear(shape, px, py)
            total += here(noise)
    return standard(total)


def _sky_colour(x: Field, y: Field, drift: Field) -> Field:
    glow = np.exp(-(((y - 0.47) / 0.075) ** 2)) * (0.8 + 0.3 * np.sin(5 * x + 0.5))
    wind = np.exp(-(((y - 0.285 - 0.05 * np.sin(7 * x + 0.3)) / 0.035) ** 2))
    tone = 0.27 + 0.12 * drift + 0.36 * glow + 0.22 * wind
    for cx, cy, radius, sense in VORTICES:
        rx, ry = x - cx, y - cy
        r = np.hypot(rx, ry) / radius
        spiral = np.sin(sense * np.arctan2(ry, rx) - 8.5 * r**0.75 + 1.0)
        inside = np.exp(-((r / 1.1) ** 4))
        tone = tone * (1 - inside) + inside * (0.60 - 0.10 * r + 0.30 * spiral + 0.07 * drift)
    colour = ramp(tone.astype(np.float32), np.linspace(0.05, 0.98, len(SKY)).tolist(), SKY)
    for sx, sy, radius in STARS:
        r = np.hypot(x - sx, y - sy) / radius * (1 + 0.05 * drift)
        rings = r + 0.10 * np.sin(r * 15)
        halo = ramp(rings.astype(np.float32), (0.1, 0.26, 0.40, 0.6, 0.85, 1.1), LIGHT)
        colour = mix(colour, halo, np.clip(1.6 - 1.45 * r, 0, 1).astype(np.float32))
    return colour


def _land(
    rng: np.random.Generator, x: Field, y: Field, colour: Field, dx: Field, dy: Field
) -> tuple[Field, Field, Field]:
    for k, (level, height, freq) in enumerate(((0.50, 0.035, 6.0), (0.535, 0.022, 9.5))):
        ridge = level - height * np.sin(freq * x + 1.7 * k + 0.6) - 0.012 * np.sin(23 * x + k)
        inside = y > ridge
        slope = -height * freq * np.cos(freq * x + 1.7 * k + 0.6)
        tone = 0.25 + 0.30 * k + 6 * (y - ridge) + 0.10 * clouds(rng, x.shape, 14, 3)
        land = ramp(tone.astype(np.float32), (0.0, 0.25, 0.5, 0.75, 1.0), LAND)
        colour = np.where(inside[..., None], land, colour)
        dx, dy = np.where(inside, 1.0, dx), np.where(inside, slope, dy)
    houses = Mask(PLAN, ASPECT)
    roofs, windows = Mask(PLAN, ASPECT), Mask(PLAN, ASPECT)
    for lamp in np.arange(0.22, 0.99, 0.031):
        left = lamp + rng.uniform(-0.006, 0.006)
        wide, high = rng.uniform(0.02, 0.032), rng.uniform(0.022, 0.04)
        houses.polygon(
            [(left, SHORE), (left, SHORE - high), (left + wide, SHORE - high), (left + wide, SHORE)]
        )
        top = SHORE - high
        roofs.polygon([(left - 0.003, top), (left + wide / 2, top - 0.018), (left + wide + 0.003, top)])
        if rng.random() < 0.75:
            windows.disc(left + wide / 2, SHORE - high / 2, 0.0055)
    left, right = STEEPLE - 0.013, STEEPLE + 0.013
    houses.polygon([(left, SHORE), (left, 0.50), (right, 0.50), (right, SHORE)])
    roofs.polygon([(left - 0.004, 0.503), (STEEPLE, 0.40), (right + 0.004, 0.503)])
    walls = mix(palette("#274a83"), palette("#3d6f9c"), clouds(rng, x.shape, 30, 2) * 0.5 + 0.5)
    colour = over(colour, walls, houses.read())
    colour = over(colour, palette("#8a4030")[0], roofs.read())
    colour = over(colour, palette("#ffc83a")[0], np.clip(windows.read() * 1.3, 0, 1))
    upright = (houses.read() > 0.5) | ((roofs.read() > 0.5) & (y < 0.5))
    return colour, np.where(upright, 0.1, dx), np.where(upright, 1.0, dy)


def _water(
    rng: np.random.Generator, x: Field, y: Field, colour: Field, dx: Field, dy: Field
) -> tuple[Field, Field, Field]:
    inside = y > SHORE
    depth = np.maximum(y - SHORE, 0)
    ripple = np.sin(120 * depth**0.75 + 5 * np.sin(9 * x + 2) + 1.3 * clouds(rng, x.shape, 7, 3))
    tone = 0.42 - 0.9 * depth + 0.17 * ripple + 0.08 * clouds(rng, x.shape, 8, 3)
    water = ramp(tone.astype(np.float32), (0.0, 0.25, 0.5, 0.75, 1.0), WATER)
    for lamp in LAMPS:
        sway = 0.010 * np.sin(60 * depth + 30 * lamp)
        spread = 0.009 + 0.045 * depth
        column = np.exp(-(((x - lamp - sway) / spread) ** 2)) * np.clip(1.25 - 5.5 * depth, 0, 1)
        column = column * (0.62 + 0.38 * np.sin(190 * depth**0.8 + 20 * lamp))
        glow = ramp(column.astype(np.float32), (0.0, 0.5, 1.0), palette("#d08a2a", "#f5b92e", "#ffe88a"))
        water = mix(water, glow, np.clip(1.3 * column, 0, 1).astype(np.float32))
    slope = 0.22 * np.cos(14 * x + 26 * depth)
    colour = np.where(inside[..., None], water, colour)
    return colour, np.where(inside, 1.0, dx), np.where(inside, slope, dy)


def _cypress(
    rng: np.random.Generator, x: Field, y: Field, colour: Field, dx: Field, dy: Field
) -> tuple[Field, Field, Field]:
    tree = Mask(PLAN, ASPECT)
    for foot, top, wide in ((0.105, 0.13, 0.12), (0.185, 0.33, 0.075), (0.035, 0.42, 0.07)):
        spine = smooth([(foot, 0.83), (foot - 0.012, 0.6), (foot + 0.012, 0.38), (foot + 0.004, top)], 40)
        t = np.linspace(0, 1, 40)
        lobes = 1 + 0.20 * np.sin(t * 31) * (1 - t)
        tree.brush(spine, wide * (1 - t) ** 0.8 * (0.75 + 0.7 * t) * lobes)
    inside = tree.read()
    flame = np.sin(95 * x + 5 * np.sin(17 * y) + 1.5 * clouds(rng, x.shape, 9, 3))
    tone = (0.5 + 0.5 * flame).astype(np.float32)
    green = ramp(tone, (0.0, 0.45, 0.8, 1.0), palette("#07121f", "#12302c", "#2f5a34", "#8a8b3c"))
    colour = over(colour, green, inside)
    hit = inside > 0.5
    bend = 0.45 * np.sin(17 * y + 20 * x)
    return colour, np.where(hit, bend, dx).astype(np.float32), np.where(hit, -1.0, dy).astype(np.float32)
