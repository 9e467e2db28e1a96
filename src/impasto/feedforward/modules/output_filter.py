"""The last filter of a network that gives four pixels a position: no lattice, a little softer, colours softer yet.

All of it is linear and the same everywhere, so it is one convolution of the four pixels' channels.
"""

from __future__ import annotations

from itertools import product

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.imaging import LUMA

PIXELS = 12  # the four pixels of a position at half resolution, three colours each
# Share of each neighbour, above, below, left and right, in what is bright and in what is coloured. Networks leave more
# of the finest grain than paintings have, most of all in colours, of which a quarter leaves no checks of single pixels.
COLOURS_SOFTENED = 0.25
# The first of it while a network learns, which puts back half of what is taken then, and when it paints.
SOFTENED_LEARNING = 0.08
SOFTENED = 0.12
SIDE = 9


def finish(phases: Tensor, learning: bool = False) -> Tensor:
    """Return the four pixels of each position `(B, 12, h, w)`, in float32, without lattice and softened.

    The four are different channels, so a network can give each a level of its own: a lattice of period 2. See
    `change_kernel`. A network that is `learning` softens less.
    """
    change = _CHANGE_LEARNING if learning else _CHANGE
    edge = SIDE // 2
    with torch.autocast(phases.device.type, enabled=False):  # which would pad in float32
        wide = F.pad(phases, (edge, edge, edge, edge), mode="replicate")
        # What changes is little, so its kernel may be rounded to the features' own format.
        return phases.float() + F.conv2d(wide, change.to(phases)).float()


def lattice_kernel() -> Tensor:
    """Return the kernel `(4, 4, 7, 7)` that finds what differs between the four pixels all over a place.

    Of a smooth picture their differences from their mean m follow from the slope of m; what is left of them, averaged
    over 5 x 5 positions, is the lattice. Edges and grain, which change sign within that, are not.
    """
    box = torch.zeros(7, 7)
    box[1:6, 1:6] = 1 / 25
    # Half a pixel's worth of the slope: neighbours of m are 4 pixels apart from one side to the other.
    down, across = ((box.roll(1, axis) - box.roll(-1, axis)) / 8 for axis in (0, 1))
    kernel = torch.zeros(4, 4, 7, 7)
    for own, (below, right) in enumerate(((-1, -1), (-1, 1), (1, -1), (1, 1))):
        kernel[own] -= (box + below * down + right * across) / 4
        kernel[own, own] += box
    return kernel


def soft_kernel(amount: float) -> Tensor:
    """Return the kernel `(4, 4, 3, 3)` of a blur of the picture by (a, 1 - 2a, a) down and across, a = `amount`."""
    weights = (amount, 1 - 2 * amount, amount)
    kernel = torch.zeros(4, 4, 3, 3)
    for row, column, down, across in product((0, 1), (0, 1), (-1, 0, 1), (-1, 0, 1)):
        y, x = row + down, column + across
        kernel[2 * row + column, 2 * (y % 2) + x % 2, y // 2 + 1, x // 2 + 1] = (
            weights[down + 1] * weights[across + 1]
        )
    return kernel


def change_kernel(softened: float) -> Tensor:
    """Return the filter less 1 as `(12, 12, 9, 9)`: ``bright y + coloured (x - y)`` of x without lattice, y its luma.

    The blurs ``bright`` and ``coloured`` are `soft_kernel` of `softened` and of `COLOURS_SOFTENED`; the luma is of the
    encoded values.
    """
    even = -lattice_kernel()
    even[range(4), range(4), 3, 3] += 1
    bright, coloured = (
        F.conv_transpose2d(even.transpose(0, 1), soft_kernel(amount).transpose(0, 1)).transpose(0, 1)
        for amount in (softened, COLOURS_SOFTENED)
    )
    luma = torch.tensor(LUMA).repeat(3, 1)
    whole = mixed(luma, bright) + mixed(torch.eye(3) - luma, coloured)
    whole[range(PIXELS), range(PIXELS), SIDE // 2, SIDE // 2] -= 1
    return whole.contiguous(memory_format=torch.channels_last)


def mixed(colours: Tensor, kernel: Tensor) -> Tensor:
    """Return what `kernel` `(4, 4, h, w)` does to every colour that `colours` `(3, 3)` makes of the three."""
    both = torch.einsum("ij,pqhw->ipjqhw", colours, kernel)
    return both.reshape(PIXELS, PIXELS, *kernel.shape[2:])


_CHANGE, _CHANGE_LEARNING = change_kernel(SOFTENED), change_kernel(SOFTENED_LEARNING)
