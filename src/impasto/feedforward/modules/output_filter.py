"""Fixed output filter of `TransformNet`: removes period-2 checkerboards and softens the finest grain.

The network outputs four pixels per position at half resolution. The whole filter is linear and shift-invariant, so
it is one convolution of the 12 channels of these four pixels.
"""

from __future__ import annotations

from itertools import product

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.imaging import LUMA

PACKED_CHANNELS = 12  # pixel_unshuffle by 2: four pixels of three colours
# Blur weight of each neighbour (above, below, left, right) for colour and for brightness. Networks produce more of
# the finest grain than style images have, most of all in colour; a quarter removes single-pixel checkerboards there.
COLOUR_BLUR = 0.25
# Brightness: while training, where the network restores half of what the blur removes, and at inference.
TRAINING_BLUR = 0.08
BLUR = 0.12
SIZE = 9


def filter_output(phases: Tensor, training: bool = False) -> Tensor:
    """Return the four pixels of each position `(B, 12, h, w)` filtered, in float32; see `residual_kernel`.

    The four pixels are separate channels, so a network can give each a level of its own: a checkerboard of period 2.
    With `training` the brightness is blurred less.
    """
    residual = _TRAINING_RESIDUAL if training else _RESIDUAL
    padding = SIZE // 2
    with torch.autocast(phases.device.type, enabled=False):  # autocast would pad in float32
        padded = F.pad(phases, (padding, padding, padding, padding), mode="replicate")
        # The residual is small, so its kernel may be rounded to the features' own format.
        return phases.float() + F.conv2d(padded, residual.to(phases)).float()


def checkerboard_kernel() -> Tensor:
    """Return the kernel `(4, 4, 7, 7)` that extracts the constant offsets between the four pixels of a position.

    In a smooth image the differences of the four from their mean m follow from the slope of m. The rest, averaged
    over 5 x 5 positions, is the checkerboard. Edges and grain change sign within that window, so they cancel.
    """
    box = torch.zeros(7, 7)
    box[1:6, 1:6] = 1 / 25
    # Half a pixel of slope: neighbours of m on either side are 4 pixels apart.
    slope_y, slope_x = ((box.roll(1, axis) - box.roll(-1, axis)) / 8 for axis in (0, 1))
    kernel = torch.zeros(4, 4, 7, 7)
    for pixel, (y, x) in enumerate(((-1, -1), (-1, 1), (1, -1), (1, 1))):
        kernel[pixel] -= (box + y * slope_y + x * slope_x) / 4
        kernel[pixel, pixel] += box
    return kernel


def blur_kernel(amount: float) -> Tensor:
    """Return the kernel `(4, 4, 3, 3)` of a separable blur by (a, 1 - 2a, a) with a = `amount`."""
    weights = (amount, 1 - 2 * amount, amount)
    kernel = torch.zeros(4, 4, 3, 3)
    for row, column, down, right in product((0, 1), (0, 1), (-1, 0, 1), (-1, 0, 1)):
        y, x = row + down, column + right
        kernel[2 * row + column, 2 * (y % 2) + x % 2, y // 2 + 1, x // 2 + 1] = (
            weights[down + 1] * weights[right + 1]
        )
    return kernel


def residual_kernel(blur: float) -> Tensor:
    """Return the output filter minus the identity as `(12, 12, 9, 9)`.

    The filter is ``B_luma y + B_colour (x - y)`` for x without its checkerboard and y the luma of x, in encoded
    values. ``B_luma`` and ``B_colour`` are `blur_kernel` of `blur` and of `COLOUR_BLUR`.
    """
    even = -checkerboard_kernel()
    even[range(4), range(4), 3, 3] += 1
    luma_filter, colour_filter = (
        F.conv_transpose2d(even.transpose(0, 1), blur_kernel(amount).transpose(0, 1)).transpose(0, 1)
        for amount in (blur, COLOUR_BLUR)
    )
    luma = torch.tensor(LUMA).repeat(3, 1)
    kernel = _per_colour(luma, luma_filter) + _per_colour(torch.eye(3) - luma, colour_filter)
    kernel[range(PACKED_CHANNELS), range(PACKED_CHANNELS), SIZE // 2, SIZE // 2] -= 1
    return kernel.contiguous(memory_format=torch.channels_last)


def _per_colour(colours: Tensor, kernel: Tensor) -> Tensor:
    """Return the `(12, 12, h, w)` product of a colour matrix `(3, 3)` and a spatial kernel `(4, 4, h, w)`."""
    outer = torch.einsum("ij,pqhw->ipjqhw", colours, kernel)
    return outer.reshape(PACKED_CHANNELS, PACKED_CHANNELS, *kernel.shape[2:])


_RESIDUAL, _TRAINING_RESIDUAL = residual_kernel(BLUR), residual_kernel(TRAINING_BLUR)
