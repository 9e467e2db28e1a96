"""Ink wash: paper with fibres, wet washes that pool, and the dry brush that catches its tooth."""

from __future__ import annotations

import numpy as np

from .colour import Field
from .noise import Shape, clouds, grid, standard, streaks
from .surface import Mask, shape_of

ASPECT = 0.70


class Sheet:
    """Fibrous paper that ink is laid on; `light` `(h, w)` in (0, 1] is what the ink still lets back."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.size, self.aspect, self.rng = size, ASPECT, rng
        self.shape: Shape = shape_of(size, ASPECT)
        self.x, self.y = grid(self.shape)
        self.light = np.ones(self.shape, dtype=np.float32)
        self.pool = clouds(rng, self.shape, 5, 4)
        self.grain = clouds(rng, self.shape, 260, 2, 0.7)
        self.fibre = fibres(rng, size)
        self.tooth = standard(clouds(rng, self.shape, 330, 2, 0.6) + 0.5 * self.fibre)
        self.upright = streaks(rng, (self.shape[1], self.shape[0]), 9, 330, 2).T

    def wash(self, cover: Field, strength: Field | float, granular: float = 0.10) -> None:
        """Lay diluted ink: pools and granulation vary it, `cover` and `strength` in [0, 1]."""
        varied = 1 + 0.16 * self.pool + granular * self.grain + 0.10 * self.fibre
        self.light *= 1 - np.clip(cover * strength * varied, 0, 0.96)

    def spare(self, cover: Field) -> None:
        """Take the ink away under what stands in front, as a painter leaves its place white."""
        self.light += (1 - self.light) * cover

    def dry(self, cover: Field, strength: float, wear: float = 0.0, hairs: Field | None = None) -> None:
        """Drag an almost dry brush: ink catches high places along the `hairs`; more `wear` leaves less."""
        tooth = self.tooth if hairs is None else 0.45 * self.tooth + 0.9 * hairs
        catch = np.clip(1.2 * (tooth - wear) + 0.5, 0, 1)
        self.light *= 1 - np.clip(cover * strength * catch, 0, 0.96)


def fibres(rng: np.random.Generator, size: int) -> Field:
    """Return the fibres of hand-made paper, `(h, w)`, mean 0 and deviation 1."""
    mask = Mask(size, ASPECT)
    t = np.linspace(-0.5, 0.5, 10)
    for x, y, angle, bend, long in np.c_[
        rng.random((1500, 2)) * [1, ASPECT],
        rng.uniform(0, np.pi, 1500),
        rng.normal(0, 1.5, 1500),
        rng.exponential(0.02, 1500),
    ]:
        turn = angle + bend * t
        path = np.stack([x + long * t * np.cos(turn), y + long * t * np.sin(turn)], axis=-1)
        mask.line(path, 0.0008, int(rng.integers(90, 255)))
    return standard(mask.read())
