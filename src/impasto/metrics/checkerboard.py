"""Checkerboard index: the artifact of single pixels that transposed convolutions and pixel shuffles leave.

Source of the artifact: Odena, Dumoulin, Olah, "Deconvolution and checkerboard artifacts", Distill 2016. The index is
impasto's own.
"""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.errors import PictureError
from impasto.metrics.comparison import Comparison
from impasto.metrics.grey import grey_levels

BLOCK = 8


def checkerboard_index(image: Tensor) -> float:
    """Return the mean over 8 x 8 blocks of |mean of (-1)^(x + y) Y| of the grey levels Y, 0 to 127.5.

    0 for flat pictures, about 0 for blurred ones, 127.5 for a black and white checkerboard of single pixels.
    Photographs have about .17. Rows and columns beyond the last whole block do not count. Raises PictureError unless
    `image` is `(1, 3, H, W)` of at least 8 x 8 pixels.
    """
    levels = grey_levels(image)
    height, width = (side // BLOCK * BLOCK for side in levels.shape)
    if min(height, width) < BLOCK:
        raise PictureError(f"The checkerboard index needs at least 8x8 pixels, not {tuple(levels.shape)}.")
    down, across = torch.arange(height, device=levels.device), torch.arange(width, device=levels.device)
    signs = 1 - 2 * ((down[:, None] + across[None, :]) % 2)
    blocks = (levels[:height, :width] * signs).view(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    return blocks.mean((1, 3)).abs().mean().item()


def checkerboard(pictures: Comparison) -> float:
    """Return `checkerboard_index` of the output; the row of the unchanged content image has the photograph's own."""
    return checkerboard_index(pictures.output.pixels)
