"""Large images in bands of rows: functions of single pixels, and resizing with the weights of `resize`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from impasto.imaging.scratch import forget, large_empty, lies_in_file, row_bands, whole_or_bands

Kernel = Literal["antialiased", "bicubic", "bilinear"]
# Keys' a of torch's antialiased bicubic kernel and of its plain one.
_CUBIC = {"antialiased": -0.5, "bicubic": -0.75}
# More rows at once would make the matrix of weights large.
_MOST_ROWS = 128


def map_rows(function: Callable[..., Tensor], *images: Tensor, reuse: Tensor | None = None) -> Tensor:
    """Return ``function`` of ``images`` (B,C,H,W) of one height and width, a function of single pixels.

    Large images are mapped band by band into a file. ``reuse`` is a tensor of the shape of the result, for example one
    of the images, that is then overwritten and returned.
    """
    if not large_image(*images):
        return function(*images)
    out = reuse
    for first, last in whole_or_bands(max(images, key=Tensor.numel)):
        band = function(*(image[:, :, first:last] for image in images))
        if out is None:
            out = large_empty((*band.shape[:2], *images[0].shape[2:]), band.dtype, band.device)
        out[:, :, first:last] = band
        forget()
    assert out is not None
    return out


def clamp_rows_(image: Tensor) -> None:
    """Clamp ``image`` (B,C,H,W) to [0, 1] in place."""
    for first, last in whole_or_bands(image):
        image[:, :, first:last].clamp_(0, 1)
        forget()


def value_range(image: Tensor) -> tuple[float, float]:
    """Return the lowest and highest value of ``image`` (B,C,H,W); both are NaN if one value is."""
    extremes = []
    for first, last in whole_or_bands(image):
        extremes.append(torch.stack(image[:, :, first:last].aminmax()))
        forget()
    found = torch.stack(extremes)
    return float(found[:, 0].min()), float(found[:, 1].max())


def large_image(*images: Tensor) -> bool:
    """Return whether one of ``images`` is so large that it lies in a file."""
    return any(lies_in_file(image) for image in images)


def resize_in_bands(image: Tensor, size: tuple[int, int], kernel: Kernel = "antialiased") -> Tensor:
    """Return ``image`` (B,C,h,w) resized to ``size`` (height, width), not clamped, in a file where it is large."""
    out = large_empty((*image.shape[:2], *size), image.dtype, image.device)
    row_bytes = max(out.numel(), image.numel()) * image.element_size() // size[0]
    for start, stop in row_bands(size[0], row_bytes):
        for first in range(start, stop, _MOST_ROWS):
            last = min(first + _MOST_ROWS, stop)
            out[:, :, first:last] = resized_rows(image, size, first, last, kernel)
        forget()
    return out


def resized_rows(
    image: Tensor, size: tuple[int, int], first: int, last: int, kernel: Kernel = "antialiased"
) -> Tensor:
    """Return rows ``first`` to ``last`` (excluded) of ``image`` (B,C,h,w) resized to ``size``, not clamped.

    They are those of `torch.nn.functional.interpolate` up to rounding. Positions are computed in float64, where torch
    is a thousandth of a pixel off in an image of 30,000.
    """
    if size == tuple(image.shape[2:]):
        return image[:, :, first:last]
    weights, low = axis_weights(image.shape[2], size[0], first, last, kernel)
    rows = image[:, :, low : low + weights.shape[1]]
    if size[1] != image.shape[3]:
        rows = functional.interpolate(
            rows,
            (rows.shape[2], size[1]),
            mode="bilinear" if kernel == "bilinear" else "bicubic",
            antialias=kernel == "antialiased",
            align_corners=False,
        )
    return torch.matmul(weights.to(rows), rows)


def axis_weights(
    size: int, target: int, first: int, last: int, kernel: Kernel = "antialiased"
) -> tuple[Tensor, int]:
    """Return the weights, float32 ``(last - first, n)``, that resize an axis from ``size`` to ``target``.

    Rows are the positions ``first`` to ``last`` (excluded) of the result. The n columns are positions of the source
    from the returned number on.
    """
    scale = size / target
    stretch = max(scale, 1.0) if kernel == "antialiased" else 1.0
    centres = (torch.arange(first, last, dtype=torch.float64) + 0.5) * scale - 0.5
    reach = int((1.0 if kernel == "bilinear" else 2.0) * stretch) + 1
    positions = centres.floor().long()[:, None] + torch.arange(-reach, reach + 1)
    distances = ((positions - centres[:, None]) / stretch).abs()
    weights = (1.0 - distances).clamp_min(0.0) if kernel == "bilinear" else cubic(distances, _CUBIC[kernel])
    if kernel == "antialiased":
        weights = weights.where((positions >= 0) & (positions < size), 0.0)
        weights = weights / weights.sum(1, keepdim=True)
    positions = positions.clamp(0, size - 1)
    low = int(positions.min())
    matrix = torch.zeros(last - first, int(positions.max()) + 1 - low, dtype=torch.float64)
    return matrix.scatter_add_(1, positions - low, weights).float(), low


def cubic(x: Tensor, a: float) -> Tensor:
    """Return the bicubic kernel at distances ``x`` from 0 on; source: Keys 1981, equation 15."""
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * a - 4 * a
    return torch.where(x < 1, near, torch.where(x < 2, far, 0.0))
