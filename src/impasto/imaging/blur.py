"""Blur by the binomial filter (1, 2, 1) / 4."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812
from torch import Tensor


def blur(image: Tensor, *, wrap: bool = False) -> Tensor:
    """Return ``image`` (B,C,H,W) convolved with (1, 2, 1) / 4 along both axes.

    The edges are replicated, or with ``wrap`` continued on the opposite side. The filter is 0 at the period of 2
    pixels.
    """
    image = F.pad(image, (1, 1, 1, 1), mode="circular" if wrap else "replicate")
    image = (image[..., :-2] + 2 * image[..., 1:-1] + image[..., 2:]) / 4
    return (image[..., :-2, :] + 2 * image[..., 1:-1, :] + image[..., 2:, :]) / 4
