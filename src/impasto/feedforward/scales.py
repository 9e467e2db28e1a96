"""Large pictures and strengths above 1, painted by a network that knows one size and strengths up to 1.

Importing this module does not import torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from impasto.imaging.print_sizes import Size
from impasto.imaging.sizes import fit

if TYPE_CHECKING:
    from torch import Tensor

    from impasto.imaging.planes import Array

    Image = TypeVar("Image", Tensor, Array)

# Longer side of the coarsest scale. Networks are trained at this size or half of it.
BASE_SIDE = 512
# A picture that is hardly larger is painted at once.
ONE_SCALE = 1.125


def scale_sizes(height: int, width: int, base: int = BASE_SIDE) -> list[Size]:
    """Return the (height, width) of every scale from the coarsest, whose longer side is at most ``base``.

    Neighbouring scales differ by the same factor, at most 2.
    """
    ratio = max(height, width) / base
    if ratio <= ONE_SCALE:
        return [(height, width)]
    count = math.ceil(math.log2(ratio))
    sides = (base * ratio ** (index / count) for index in range(count))
    return [*(fit(height, width, round(side)) for side in sides), (height, width)]


class ScaleProgress:
    """Progress of a picture over its scales, and over the two passes of a strength above 1.

    With one scale ``on_progress`` is called with the tiles done and their number, otherwise with pixels. It may raise,
    which ends the painting.
    """

    def __init__(
        self, sizes: Sequence[Size], strength: float, on_progress: Callable[[int, int], None]
    ) -> None:
        self.on_progress = on_progress
        self.passes = 2 if strength > 1 else 1
        self.one_scale = len(sizes) == 1
        self.pixels = self.passes * sum(height * width for height, width in sizes)
        self.passes_done = self.pixels_done = 0

    def tell(self, size: Size, tiles: int, total: int) -> None:
        """Say that ``tiles`` of ``total`` are done in this pass at ``size``; the next pass begins when all are."""
        pixels = size[0] * size[1]
        done = self.passes_done * total + tiles, self.passes * total
        if not self.one_scale:
            done = self.pixels_done + pixels * tiles // total, self.pixels
        if tiles == total:
            self.passes_done += 1
            self.pixels_done += pixels
        self.on_progress(*done)


def paint_scales(
    paint: Callable[[Size], Image],
    sizes: Sequence[Size],
    resize: Callable[[Image, Size], Image],
    add_details: Callable[[Image, Image, Size], Image] | None = None,
) -> Image:
    """Return the picture of the coarsest scale with the details of the finer ones.

    ``y_0 = p_0`` and ``y_k = up(y_{k-1}) + p_k - up(down(p_k))``, a Laplacian pyramid (Burt & Adelson 1983) of the
    pictures ``p_k`` that ``paint`` returns for each of ``sizes``. A large picture then looks like a small one with more
    detail, although the network paints marks of a fixed number of pixels. The result may leave [0, 1] a little; ``up``
    and ``down`` are ``resize``, which clips to it. ``add_details`` computes ``y_k`` in another way, of ``y_{k-1}``,
    ``p_k`` and the size of ``y_{k-1}``.
    """
    picture = paint(sizes[0])
    for coarse, fine in pairwise(sizes):
        painted = paint(fine)
        if add_details is not None:
            picture = add_details(picture, painted, coarse)
        else:
            picture = resize(picture, fine) + painted - resize(resize(painted, coarse), fine)
    return picture


def _blend(content: Image, painted: Image, weight: float) -> Image:
    return content + weight * (painted - content)


def paint_strongly(
    paint: Callable[[Image], Image],
    content: Image,
    strength: float,
    blend: Callable[[Image, Image, float], Image] = _blend,
) -> Image:
    """Return ``paint(content)``; above a strength of 1, paint again what was painted.

    The second pass starts from ``(2 - s) x + (s - 1) paint(x)``: at strength 1 from the content image x, at 2 from
    the painted picture. ``blend`` computes ``x + weight (paint(x) - x)``.
    """
    painted = paint(content)
    if strength <= 1:
        return painted
    return paint(blend(content, painted, strength - 1))
