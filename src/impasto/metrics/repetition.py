"""REPETITION: marks that come back at the same distance in areas where the photograph is flat, such as skies.

One-pass networks fill flat areas with one mark on a grid, because every position of the network sees the same input.
The measure is impasto's own; autocorrelation within a mask follows Padfield, "Masked object registration in the Fourier
domain", IEEE Transactions on Image Processing 2012, section III.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from impasto.errors import PictureError
from impasto.metrics.comparison import Comparison
from impasto.metrics.grey import grey_levels

# Flat: the photograph's detail finer than FLAT_SIGMA has a deviation below FLAT_LEVELS grey levels in each window of
# WINDOW pixels, and so in all windows around.
FLAT_SIGMA, FLAT_LEVELS, WINDOW, MARGIN = 8.0, 5.0, 17, 4
LEAST_FLAT_SHARE = 0.02
# Marks are finer than MARK_SIGMA. Nearer lags are within one mark; farther ones are no pattern to the eye.
MARK_SIGMA, NEAREST, FARTHEST = 4.0, 8, 64
# Share of the flat area that has to overlap with itself at a lag, so that no few pixels decide.
LEAST_OVERLAP = 0.25
# Detail of so many grey levels is too faint to be seen; JPEG's blocks of 8 pixels repeat too.
FAINT = 2.0


def flat_areas(photo: Tensor) -> Tensor:
    """Return where `photo` `(1, 3, H, W)` is flat, as a mask `(H, W)` of zeros and ones."""
    detail = _high_pass(grey_levels(photo), FLAT_SIGMA)
    deviation = _box(detail.square(), WINDOW).sqrt()
    busy = (deviation >= FLAT_LEVELS).to(detail)
    size = 2 * MARGIN + 1
    near_busy: Tensor = functional.max_pool2d(busy[None, None], size, 1, MARGIN)[0, 0]
    return 1 - near_busy


def repetition_within(image: Tensor, mask: Tensor) -> float:
    """Return the highest autocorrelation of the marks of `image` `(1, 3, H, W)` within `mask` `(H, W)`, in [-1, 1].

    For the high-passed grey levels g, the mask m and lags d from 8 to 64 pixels that overlap enough:
    max_d sum m(x) m(x+d) g(x) g(x+d) / sqrt(A_d B_d), with A_d = sum m(x) m(x+d) (g(x)² + 2²) and B_d the same of
    g(x+d). About 1 for a texture that is tiled with a period in this range, about 0 for noise and for strokes of free
    hand. Returns 0 where no lag overlaps enough. Raises PictureError unless the mask has the size of the image.
    """
    marks = _high_pass(grey_levels(image), MARK_SIGMA)
    if mask.shape != marks.shape:
        raise PictureError(
            f"The mask of flat areas has {tuple(mask.shape)} pixels, the picture {tuple(marks.shape)}."
        )
    mask = mask.to(marks)
    correlation, overlap = _masked_autocorrelation(marks, mask)
    height, width = marks.shape
    down, across = _lags(height, marks), _lags(width, marks)
    distance = torch.hypot(down[:, None], across[None, :])
    counted = (distance >= NEAREST) & (distance <= FARTHEST) & (overlap >= LEAST_OVERLAP * mask.sum())
    return correlation[counted].max().item() if bool(counted.any()) else 0.0


def repetition(pictures: Comparison) -> float | None:
    """Return `repetition_within` the output where the content image is flat; None if under 2 % of it are flat."""
    mask = flat_areas(pictures.content.pixels)
    if mask.mean() < LEAST_FLAT_SHARE:
        return None
    return repetition_within(pictures.output.pixels, mask)


def _masked_autocorrelation(values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return the normalised autocorrelation `(2H, 2W)` within the mask, and the overlap in pixels, by lag."""
    size = [2 * side for side in values.shape]
    inside = torch.fft.rfft2(mask, size)
    product = torch.fft.irfft2(torch.fft.rfft2(mask * values, size).abs().square(), size)
    overlap = torch.fft.irfft2(inside.abs().square(), size).round()
    # The energy that overlaps, seen from one copy and from the other.
    energy = torch.fft.rfft2(mask * values.square(), size)
    first = torch.fft.irfft2(energy.conj() * inside, size) + FAINT**2 * overlap
    second = torch.fft.irfft2(energy * inside.conj(), size) + FAINT**2 * overlap
    correlation: Tensor = product / (first * second).clamp_min(1e-12).sqrt()
    return correlation, overlap


def _lags(side: int, like: Tensor) -> Tensor:
    lags: Tensor = torch.fft.fftfreq(2 * side, 1 / (2 * side), dtype=like.dtype, device=like.device)
    return lags


def _high_pass(plane: Tensor, sigma: float) -> Tensor:
    """Return `plane` `(H, W)` minus its Gaussian blur; edges are replicated."""
    radius = round(3 * sigma)
    steps = torch.arange(-radius, radius + 1, dtype=plane.dtype, device=plane.device)
    taps = torch.exp(-(steps**2) / (2 * sigma**2))
    taps = taps / taps.sum()
    blurred = functional.pad(plane[None, None], (radius,) * 4, mode="replicate")
    blurred = functional.conv2d(functional.conv2d(blurred, taps.view(1, 1, -1, 1)), taps.view(1, 1, 1, -1))
    return plane - blurred[0, 0]


def _box(plane: Tensor, window: int) -> Tensor:
    """Return means over `window` x `window` pixels, inside the picture only."""
    means: Tensor = functional.avg_pool2d(plane[None, None], window, 1, window // 2, count_include_pad=False)
    return means[0, 0]
