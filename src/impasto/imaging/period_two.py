"""Patterns of period 2: the checkerboards and stripes of single pixels that upsampling leaves."""

from __future__ import annotations

import torch
from torch import Tensor

BLOCK = 8


def period_two_means(image: Tensor) -> Tensor:
    """Return mean(p I) of the values I of `image` `(B, C, H, W)` over blocks of 8 x 8 pixels, `(B, 3, C, h, w)`.

    The three patterns p are (-1)^y, (-1)^x and (-1)^(x + y): horizontal stripes, vertical stripes, checkerboard. Rows
    and columns beyond the last whole block do not count.
    """
    height, width = (side // BLOCK * BLOCK for side in image.shape[2:])
    signs = 1 - 2 * (torch.arange(BLOCK, device=image.device) % 2)
    ones = torch.ones_like(signs)
    patterns = torch.stack([torch.outer(*pair) for pair in ((signs, ones), (ones, signs), (signs, signs))])
    blocks = image[..., :height, :width].unfold(2, BLOCK, BLOCK).unfold(3, BLOCK, BLOCK)
    return torch.einsum("bchwyx,pyx->bpchw", blocks, patterns.to(image) / BLOCK**2)
