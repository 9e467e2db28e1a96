"""Blur by the binomial filter (1, 2, 1) / 4."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.imaging.scratch import forget, large_empty, whole_or_bands


def blur(image: Tensor, *, wrap: bool = False) -> Tensor:
    """Return ``image`` (B,C,H,W) convolved with (1, 2, 1) / 4 along both axes.

    The edges are replicated, or with ``wrap`` continued on the opposite side. The filter is 0 at the period of 2
    pixels.
    """
    bands = whole_or_bands(image, whole=wrap or image.requires_grad)
    if len(bands) > 1:
        blurred = large_empty(tuple(image.shape), image.dtype, image.device)
        for first, last in bands:
            low, high = max(first - 1, 0), min(last + 1, image.shape[2])
            blurred[:, :, first:last] = _blur(image[:, :, low:high])[:, :, first - low : last - low]
            forget()
        return blurred
    return _blur(image, wrap=wrap)


def _blur(image: Tensor, *, wrap: bool = False) -> Tensor:
    image = F.pad(image, (1, 1, 1, 1), mode="circular" if wrap else "replicate")
    image = (image[..., :-2] + 2 * image[..., 1:-1] + image[..., 2:]) / 4
    return (image[..., :-2, :] + 2 * image[..., 1:-1, :] + image[..., 2:, :]) / 4
