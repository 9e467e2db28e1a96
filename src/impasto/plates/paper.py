"""Paper: leaves and seaweed cut out of painted paper, pasted on blocks of colour."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .colour import Field, mix, palette
from .noise import Shape, clouds, grid, sample, standard, streaks
from .surface import Mask, blur, finish, relief, ribbon, shape_of, smooth

ASPECT = 0.75
GOUACHE = {
    "ultramarine": "#1f3fae",
    "cerulean": "#3f9fd8",
    "emerald": "#0f8f5f",
    "leaf": "#7fbf3f",
    "lemon": "#ffd83a",
    "orange": "#f5821f",
    "vermilion": "#e23b2a",
    "magenta": "#d8307f",
    "pink": "#f7a8b8",
    "violet": "#7a3fa0",
    "cream": "#f7efdc",
    "black": "#1b1a22",
}
# left, top, right, bottom; two grounds and where the second begins (share of the block's width or height);
# motif, its colour, the colour of the sprigs
BLOCKS = (
    (0.00, 0.00, 0.27, 0.40, "ultramarine", "cerulean", "right", 0.55, "weed", "cream", "orange"),
    (0.27, 0.00, 0.52, 0.26, "lemon", "cream", "bottom", 0.60, "palm", "magenta", "emerald"),
    (0.52, 0.00, 0.79, 0.34, "vermilion", "magenta", "left", 0.42, "weed", "lemon", "ultramarine"),
    (0.79, 0.00, 1.00, 0.27, "cream", "leaf", "bottom", 0.52, "star", "ultramarine", "vermilion"),
    (0.27, 0.26, 0.52, 0.55, "emerald", "black", "right", 0.50, "weed", "pink", "lemon"),
    (0.52, 0.34, 0.79, 0.75, "cream", "lemon", "left", 0.50, "weed", "black", "vermilion"),
    (0.79, 0.27, 1.00, 0.52, "orange", "vermilion", "top", 0.45, "palm", "cream", "violet"),
    (0.00, 0.40, 0.27, 0.75, "magenta", "orange", "right", 0.48, "weed", "leaf", "cream"),
    (0.27, 0.55, 0.52, 0.75, "cerulean", "ultramarine", "top", 0.50, "star", "cream", "lemon"),
    (0.79, 0.52, 1.00, 0.75, "violet", "pink", "left", 0.50, "weed", "emerald", "lemon"),
)


class Collage:
    """A sheet onto which painted papers are pasted, each with its brush marks, edge and shadow."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.size, self.rng = size, rng
        self.shape: Shape = shape_of(size, ASPECT)
        self.x, self.y = grid(self.shape)
        self.picture = np.ones((*self.shape, 3), dtype=np.float32) * palette("#f3ead6")
        bands, hairs = streaks(rng, self.shape, 6, 22, 2), streaks(rng, self.shape, 16, 190, 3)
        self.brush = standard(0.45 * bands + 0.75 * hairs + 0.35 * clouds(rng, self.shape, 120, 2))
        self.cloud = clouds(rng, self.shape, 9, 4)
        self.fibre = clouds(rng, self.shape, 300, 2)

    def paste(self, mask: Mask, colour: str, lift: float) -> None:
        """Paste the paper that `mask` cuts out, raised by `lift` (units of the longer side)."""
        whole = mask.read()
        unit = max(self.shape)
        margin = round(5 * lift * unit) + 2
        rows, columns = np.flatnonzero(whole.any(axis=1)), np.flatnonzero(whole.any(axis=0))
        window = (
            slice(max(0, rows[0] - margin), rows[-1] + margin),
            slice(max(0, columns[0] - margin), columns[-1] + margin),
        )
        cut = whole[window]
        part = max(cut.shape) / unit  # blur counts in longer sides of the piece
        rim = np.clip(cut - blur(cut, 0.0012 / part), 0, 1)
        spread = blur(cut, 1.3 * lift / part)
        right, down = round(0.9 * lift * unit), round(1.2 * lift * unit)
        fall = np.pad(spread, ((down, 0), (right, 0)), mode="edge")[: cut.shape[0], : cut.shape[1]]
        shadow = np.clip(fall - cut, 0, 1)
        under = self.picture[window] * (1 - 0.55 * shadow[..., None] * (1 - 0.25 * palette("#3a4a9a") / 255))
        sheet = self._gouache(colour, window) + 26 * rim[..., None]
        self.picture[window] = mix(under, sheet, cut)

    def _gouache(self, colour: str, window: tuple[slice, slice]) -> Field:
        """Return paper painted with `colour`: brush streaks at an angle of its own, thin and thick places."""
        angle = self.rng.uniform(0, np.pi)
        u, v = self.x[window] - 0.5, self.y[window] - 0.5 * ASPECT
        shift = self.rng.uniform(-0.06, 0.06, 2)
        along = 0.5 + 0.80 * (u * np.cos(angle) + v * np.sin(angle)) + shift[0]
        across = 0.5 * ASPECT + 1.1 * (-u * np.sin(angle) + v * np.cos(angle)) + shift[1]
        along = _fold(along, 1.0)
        curved = (
            across + 0.013 * np.sin(16 * along + 50 * shift[0]) + 0.006 * np.sin(41 * along + 30 * shift[1])
        )
        mark = sample(self.brush, along, _fold(curved, ASPECT))
        thin = sample(self.cloud, _fold(across, ASPECT), along * ASPECT)
        tone = palette(GOUACHE[colour])[0]
        lighter, darker = tone + 0.20 * (255 - tone), tone * 0.80
        sheet = mix(
            np.broadcast_to(tone, (*mark.shape, 3)), lighter, np.clip(0.38 * mark + 0.22 * thin, 0, 1)
        )
        sheet = mix(sheet, darker, np.clip(-0.38 * mark - 0.22 * thin, 0, 1))
        light = relief(mark * 0.08 + 0.5, 0.006 * max(self.shape) / max(mark.shape))
        fibre = self.fibre[window]
        return np.asarray(sheet * (1 + 0.30 * light[..., None]) + 2.8 * fibre[..., None], dtype=np.float32)


def paint(size: int, rng: np.random.Generator) -> Image.Image:
    """Paint the plate `size` pixels wide."""
    sheet = Collage(size, rng)
    for left, top, right, bottom, ground, second, side, share, *_ in BLOCKS:
        _ground(sheet, rng, (left, top, right, bottom), ground)
        x, y = left + (right - left) * share, top + (bottom - top) * share
        inner = {
            "left": (left, top, x, bottom),
            "right": (x, top, right, bottom),
            "top": (left, top, right, y),
            "bottom": (left, y, right, bottom),
        }
        _ground(sheet, rng, inner[side], second)
    for left, top, right, bottom, _, _, _, _, motif, colour, accent in BLOCKS:
        centre = np.array([(left + right) / 2, (top + bottom) / 2])
        room = np.array([right - left, bottom - top])
        for parts, paint_of, radius in (
            (MOTIFS[motif](rng, centre, room), colour, 0.0026),
            (_sprigs(rng, centre, room), accent, 0.0016),
        ):
            mask = Mask(size, ASPECT)
            for part in parts:
                mask.polygon(part)
            _soften(mask, radius)
            sheet.paste(mask, paint_of, 0.0032)
    return finish(sheet.picture)


def _ground(
    sheet: Collage, rng: np.random.Generator, box: tuple[float, float, float, float], colour: str
) -> None:
    """Paste a hand-cut rectangle."""
    left, top, right, bottom = box
    mask = Mask(sheet.size, ASPECT)
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    mask.polygon(corners + rng.uniform(-0.003, 0.003, (4, 2)) + 0.001)
    sheet.paste(mask, colour, 0.0015)


def _fold(position: Field, end: float) -> Field:
    """Reflect positions into [0, end], so that a sheet of brush marks never runs out."""
    return np.asarray(end - np.abs(end - np.mod(position, 2 * end)), dtype=np.float32)


def _soften(mask: Mask, radius: float) -> None:
    """Round corners and close narrow gaps as scissors do: blur the cut-out and cut again at half."""
    blurred = mask.image.filter(ImageFilter.GaussianBlur(radius * mask.unit))
    mask.image = blurred.point([255 if value > 127 else 0 for value in range(256)])
    mask.draw = ImageDraw.Draw(mask.image)


def _finger(root: Field, heading: float, length: float, width: float, turn: float) -> Field:
    """Return a lobe that starts narrow at `root`, swells to a round tip and bends by `turn` radians."""
    t = np.linspace(0, 1, 26)
    angle = heading + turn * t
    path = root + np.cumsum(np.stack([np.cos(angle), np.sin(angle)], axis=-1), axis=0) * length / len(t)
    club = (0.50 + 0.62 * t) * np.sqrt(np.clip(1 - np.clip((t - 0.80) / 0.20, 0, 1) ** 2, 0, 1))
    return ribbon(path.astype(np.float32), width * club)


def _weed(rng: np.random.Generator, centre: Field, room: Field, pairs: int = 0) -> list[Field]:
    """Return a seaweed frond: a bent stem with `pairs` of fingers reaching upwards (0: as many as fit)."""
    side = 1 if rng.random() < 0.5 else -1
    pairs = pairs or int(np.clip(round(5.2 * room[1] / room[0]), 5, 9))
    bend = np.array([(0.08, 0.46), (-0.05, 0.2), (0.05, -0.05), (-0.04, -0.30)]) * [side, 1] * room + centre
    stem = smooth(bend, 60)
    tangent = np.gradient(stem, axis=0)
    lean = np.arctan2(tangent[:, 1], tangent[:, 0]) * 0.35 - 0.65 * np.pi / 2
    wide = 0.47 * float(room[1]) / (pairs + 1.0)
    parts = [ribbon(stem, np.linspace(0.75, 0.5, 60) * wide)]
    for k in range(pairs):
        position = min(59, int(7 + 50 * k / (pairs - 0.7)))
        reach = 0.49 * float(room[0]) * (1 - 0.35 * k / pairs) * (0.85 + 0.15 * np.sin(2.0 * k + 1))
        for direction in (-1, 1):
            heading = float(lean[position]) + direction * rng.uniform(0.98, 1.12)
            girth = wide * rng.uniform(0.78, 0.95)
            parts.append(_finger(stem[position], heading, reach, girth, -direction * rng.uniform(0.25, 0.5)))
    parts.append(
        _finger(stem[-1], float(lean[-1]), 0.17 * float(room[1]), 0.9 * wide, rng.uniform(-0.4, 0.4))
    )
    return parts


def _palm(rng: np.random.Generator, centre: Field, room: Field) -> list[Field]:
    """Return a fan of long fingers from the foot of the block."""
    foot = centre + np.array([rng.uniform(-0.06, 0.06), 0.40]) * room
    parts = []
    for k, angle in enumerate(np.linspace(-2.95, -0.19, 9)):
        reach = (
            0.40 * float(room[0])
            + 0.42 * float(room[1]) * max(0.0, -np.sin(angle))
            - 0.03 * float(room.min()) * (k % 2)
        )
        parts.append(_finger(foot, float(angle), reach, 0.125 * float(room.min()), rng.uniform(-0.25, 0.25)))
    return parts


def _star(rng: np.random.Generator, centre: Field, room: Field) -> list[Field]:
    """Return a flower of bent fingers around a middle."""
    turn, begin = rng.uniform(0.5, 0.9), rng.uniform(0, 1)
    parts = []
    for k in range(9):
        angle = begin + k * 2 * np.pi / 9
        reach = 0.45 * float(np.hypot(room[0] * np.cos(angle), room[1] * np.sin(angle)))
        parts.append(_finger(centre, angle - turn / 2, reach, 0.15 * float(room.min()), turn))
    return parts


def _sprigs(rng: np.random.Generator, centre: Field, room: Field) -> list[Field]:
    """Return a small frond in one corner of the block and a bud in the opposite one."""
    corner = np.array([rng.choice([-1, 1]), rng.choice([-1, 1])]) * [0.37, 0.36]
    small = 0.26 * float(room.min()) * np.array([0.9, 1.0])
    parts = _weed(rng, centre + corner * room, small, 3)
    bud = centre - corner * room
    foot = bud + np.array([0, 0.07 * float(room.min())])
    for angle in np.linspace(-2.75, -0.39, 5) + rng.uniform(-0.3, 0.3):
        parts.append(_finger(foot, float(angle), 0.17 * float(room.min()), 0.042 * float(room.min()), 0.2))
    return parts


MOTIFS: dict[str, Callable[[np.random.Generator, Field, Field], list[Field]]] = {
    "weed": _weed,
    "palm": _palm,
    "star": _star,
}
