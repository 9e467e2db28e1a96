"""High-frequency noise of a picture, which optimisers produce and encoders hardly perceive."""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.errors import PictureError
from impasto.imaging import luma

# A picture without detail has a share of 0; this bound keeps ratios to it finite.
LEAST_SHARE = 1e-8


def high_frequency_share(image: Tensor) -> float:
    """Return the share of the spectral energy of `image` `(1, 3, H, W)` above half the Nyquist frequency.

    In [0, 1]: the energy |FFT|² of the luma at radial frequencies sqrt(fx² + fy²) > 1/4 cycle a pixel over
    the energy at all frequencies but 0. The mean is removed and a Hann window applied, so that
    differences between opposite edges do not count as detail. White noise gives about 1 - pi/16 = 0.80, a flat
    picture 0. Raises PictureError for other shapes or sides under 4 pixels.
    """
    if image.shape[0] != 1 or min(image.shape[-2:]) < 4:
        raise PictureError(f"A spectrum takes one image of at least 4x4 pixels, not {tuple(image.shape)}.")
    plane = luma(image.detach().float())[0, 0]
    height, width = plane.shape
    window = torch.outer(*(torch.hann_window(side, device=plane.device) for side in (height, width)))
    # The windowed mean, so that its energy around frequency 0 is removed as well.
    plane = (plane - (plane * window).sum() / window.sum()) * window
    energy = torch.fft.fft2(plane).abs().square()
    down, across = (torch.fft.fftfreq(side, device=plane.device) for side in (height, width))
    radius = torch.hypot(down[:, None], across[None, :])
    total = float((energy * (radius > 0)).sum())
    # Rounding errors of a flat picture are about 1e-7; the smallest step of a 16-bit picture is 1.5e-5.
    if total <= 1e-12 * (height * width) ** 2:
        return 0.0
    return float((energy * (radius > 0.25)).sum()) / total


def noise(output: Tensor, style: Tensor) -> float:
    """Return the noise of `output` relative to `style`: the ratio of their `high_frequency_share`.

    1 for as much grain as the style image has, more for additional noise. Both are `(1, 3, H, W)` at the same longer
    side; the share of `style` counts as at least 1e-8. Raises PictureError as `high_frequency_share`.
    """
    return high_frequency_share(output) / max(high_frequency_share(style), LEAST_SHARE)
