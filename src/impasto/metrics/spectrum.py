"""NOISE: fine grain of a picture, which optimisers produce and encoders hardly perceive."""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.errors import PictureError
from impasto.metrics.comparison import Comparison
from impasto.metrics.grey import grey_levels

# A picture without detail has a share of 0; this bound keeps ratios to it finite.
LEAST_SHARE = 1e-8


def high_frequency_share(image: Tensor) -> float:
    """Return the share of the spectral energy of `image` `(1, 3, H, W)` above half the Nyquist frequency.

    In [0, 1]: the energy |FFT|² of the grey levels at frequencies max(|fx|, |fy|) > 1/4 cycle a pixel over the energy
    at all frequencies but 0. White noise gives 3/4, a flat picture 0. There is no window: opposite edges that differ
    count as detail. Raises PictureError for other shapes or sides under 4 pixels.
    """
    if min(image.shape[-2:]) < 4:
        raise PictureError(f"A spectrum takes one image of at least 4x4 pixels, not {tuple(image.shape)}.")
    plane = grey_levels(image)
    plane = plane - plane.mean()
    energy = torch.fft.fft2(plane).abs().square()
    down, across = (torch.fft.fftfreq(side, device=plane.device).abs() for side in plane.shape)
    high = torch.maximum(down[:, None], across[None, :]) > 0.25
    total = float(energy.sum())
    # Only rounding errors: one pixel a level above all others has about as much energy as there are pixels.
    if total < plane.numel() / 2:
        return 0.0
    return float(energy[high].sum()) / total


def noise(output: Tensor, style: Tensor) -> float:
    """Return the noise of `output` relative to `style`: the ratio of their `high_frequency_share`.

    1 for as much grain as the style image has, more for additional noise. Both are `(1, 3, H, W)` at the same longer
    side; the share of `style` counts as at least 1e-8. Raises PictureError as `high_frequency_share`.
    """
    return high_frequency_share(output) / max(high_frequency_share(style), LEAST_SHARE)


def noise_to_style(pictures: Comparison) -> float:
    """Return `noise` of the output relative to the style image."""
    return noise(pictures.output.pixels, pictures.style.pixels)
