"""Checkerboard index: the artifact of single pixels that transposed convolutions and pixel shuffles leave.

Source of the artifact: Odena, Dumoulin, Olah, "Deconvolution and checkerboard artifacts", Distill 2016. The index is
impasto's own.
"""

from __future__ import annotations

from torch import Tensor

from impasto.errors import PictureError
from impasto.imaging.period_two import BLOCK, period_two_means
from impasto.metrics.comparison import Comparison
from impasto.metrics.grey import grey_levels

CHECKERBOARD = 2  # its place among the patterns of `period_two_means`


def checkerboard_index(image: Tensor) -> float:
    """Return the mean over 8 x 8 blocks of |mean of (-1)^(x + y) Y| of the grey levels Y, 0 to 127.5.

    0 for flat pictures, about 0 for blurred ones, 127.5 for a black and white checkerboard of single pixels.
    Photographs have about .17. Rows and columns beyond the last whole block do not count. Raises PictureError unless
    `image` is `(1, 3, H, W)` of at least 8 x 8 pixels.
    """
    levels = grey_levels(image)
    if min(levels.shape) < BLOCK:
        raise PictureError(f"The checkerboard index needs at least 8x8 pixels, not {tuple(levels.shape)}.")
    return period_two_means(levels[None, None])[:, CHECKERBOARD].abs().mean().item()


def checkerboard(pictures: Comparison) -> float:
    """Return `checkerboard_index` of the output; the row of the unchanged content image has the photograph's own."""
    return checkerboard_index(pictures.output.pixels)
