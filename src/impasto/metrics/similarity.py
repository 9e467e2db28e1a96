"""Structural similarity (SSIM)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from impasto.errors import PictureError
from impasto.imaging import luma
from impasto.metrics.comparison import Comparison

RADIUS = 5
SIGMA = 1.5
K1, K2 = 0.01, 0.03


def ssim(image: Tensor, other: Tensor) -> float:
    """Return the mean structural similarity of the luma of two equally large `(B, 3, H, W)` in [0, 1].

    In [-1, 1], 1 for equal pictures. Gaussian window of 11x11 pixels with sigma 1.5, K1 = 0.01, K2 = 0.03,
    population covariances, averaged over positions whose window lies inside the picture. Source: Wang, Bovik, Sheikh,
    Simoncelli 2004, equations 13 to 16. Raises PictureError if the sizes differ or are under 11 pixels.
    """
    if image.shape != other.shape or min(image.shape[-2:]) < 2 * RADIUS + 1:
        raise PictureError(
            f"SSIM compares images of one size of at least 11x11, not {tuple(image.shape)} and "
            f"{tuple(other.shape)}."
        )
    x, y = luma(image.detach().float()), luma(other.detach().float())
    # Moments about 1/2 give more accurate variances than moments about 0.
    stack = torch.cat([x - 0.5, y - 0.5])
    x0, y0 = stack.chunk(2)
    mean_x, mean_y = _blur(stack).chunk(2)
    square_x, square_y = _blur(stack.square()).chunk(2)
    variance_x, variance_y = square_x - mean_x.square(), square_y - mean_y.square()
    covariance = _blur(x0 * y0) - mean_x * mean_y
    mean_x, mean_y = mean_x + 0.5, mean_y + 0.5
    light = (2 * mean_x * mean_y + K1**2) / (mean_x.square() + mean_y.square() + K1**2)
    structure = (2 * covariance + K2**2) / (variance_x + variance_y + K2**2)
    return (light * structure).mean().item()


def ssim_to_content(pictures: Comparison) -> float:
    """Return `ssim` of the output and the content image."""
    return ssim(pictures.output.pixels, pictures.content.pixels)


def _blur(planes: Tensor) -> Tensor:
    """Return Gaussian averages `(B, 1, H - 10, W - 10)` of `(B, 1, H, W)`, for windows inside the picture."""
    steps = torch.arange(-RADIUS, RADIUS + 1, dtype=planes.dtype, device=planes.device)
    taps = torch.exp(-(steps**2) / (2 * SIGMA**2))
    taps = taps / taps.sum()
    return functional.conv2d(functional.conv2d(planes, taps.view(1, 1, -1, 1)), taps.view(1, 1, 1, -1))
