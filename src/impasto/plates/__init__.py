"""Seven plates: procedural artworks in seven clearly different styles.

They serve as style images that are free of rights and need no download. A plate shows the same picture at every size;
the same size and seed give the same bytes on one machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from impasto.errors import RecipeError, unknown

from . import glass, ink, paper, points, swirls, vaporwave, woodcut

SMALLEST, LARGEST = 64, 4096

Painter = Callable[[int, np.random.Generator], Image.Image]


@dataclass(frozen=True)
class Plate:
    """One plate: its title, a one-line description, and the function that paints it `size` pixels wide."""

    title: str
    description: str
    painter: Painter


PLATES: dict[str, Plate] = {
    "swirls": Plate("Night over the river", "Thick oil in turning strokes of blue and yellow.", swirls.paint),
    "woodcut": Plate("The breaker", "A woodcut wave in Prussian blue on cream paper.", woodcut.paint),
    "glass": Plate(
        "Rose window", "Leaded glass in ruby, cobalt, emerald and amber, lit from behind.", glass.paint
    ),
    "points": Plate("Sunday by the water", "A sunlit river bank in dots of pure colour.", points.paint),
    "paper": Plate("Fronds", "Leaves and seaweed cut from gouache-painted paper.", paper.paint),
    "ink": Plate(
        "Pine above the mist", "Mountains, pine and bamboo in ink wash, with a red seal.", ink.paint
    ),
    "vaporwave": Plate(
        "Sunset channel",
        "A striped sun over a neon grid with palms and marble, on an old screen.",
        vaporwave.paint,
    ),
}


def paint(name: str, size: int = 768, seed: int = 0) -> Image.Image:
    """Paint a plate and return it as an RGB image whose longer side, its width, is `size` pixels.

    `seed` (0 or more) varies details: strokes, grain, clouds. Raises RecipeError for an unknown
    name, a size outside 64 to 4096 or a negative seed.
    """
    if name not in PLATES:
        raise RecipeError(unknown("plate", name, PLATES))
    if isinstance(size, bool) or not isinstance(size, int) or not SMALLEST <= size <= LARGEST:
        raise RecipeError(
            f"A plate cannot be {size!r} pixels wide; give a whole number from {SMALLEST} to {LARGEST}."
        )
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise RecipeError(f"The seed of a plate cannot be {seed!r}; give a whole number, 0 or more.")
    return PLATES[name].painter(size, np.random.default_rng(seed))
