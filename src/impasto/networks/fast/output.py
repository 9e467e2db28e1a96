"""The last filter of a network that gives four pixels a position: no lattice, and a little softer.

All of it is linear and the same everywhere, so it is one convolution of the four pixels' channels.
"""

from __future__ import annotations

from itertools import product

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

PIXELS = 12  # the four pixels of a position at half resolution, three colours each
# Share of each neighbour, above, below, left and right. Networks leave more of the finest grain than paintings have;
# this takes a third of its energy away at no loss of STYLE at equal CONTENT; twice as much would cost some.
SOFTENED = 0.05
SIDE = 9


def finish(phases: Tensor) -> Tensor:
    """Return the four pixels of each position `(B, 12, h, w)`, in float32, without lattice and softened.

    The four are different channels, so a network can give each a level of its own: a lattice of period 2. See
    `lattice_kernel` and `soft_kernel`.
    """
    edge = SIDE // 2
    with torch.autocast(phases.device.type, enabled=False):  # which would pad in float32
        wide = F.pad(phases, (edge, edge, edge, edge), mode="replicate")
        # What changes is little, so its kernel may be rounded to the features' own format.
        return phases.float() + F.conv2d(wide, _CHANGE.to(phases)).float()


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


def soft_kernel() -> Tensor:
    """Return the kernel `(4, 4, 3, 3)` of a blur of the picture by (a, 1 - 2a, a) down and across, a = `SOFTENED`."""
    weights = (SOFTENED, 1 - 2 * SOFTENED, SOFTENED)
    kernel = torch.zeros(4, 4, 3, 3)
    for row, column, down, across in product((0, 1), (0, 1), (-1, 0, 1), (-1, 0, 1)):
        y, x = row + down, column + across
        kernel[2 * row + column, 2 * (y % 2) + x % 2, y // 2 + 1, x // 2 + 1] = (
            weights[down + 1] * weights[across + 1]
        )
    return kernel


def change_kernel() -> Tensor:
    """Return ``soft * (1 - lattice) - 1`` as `(12, 12, 9, 9)`, colours apart."""
    even = -lattice_kernel()
    even[range(4), range(4), 3, 3] += 1
    both = F.conv_transpose2d(even.transpose(0, 1), soft_kernel().transpose(0, 1)).transpose(0, 1)
    both[range(4), range(4), SIDE // 2, SIDE // 2] -= 1
    whole = torch.zeros(PIXELS, PIXELS, SIDE, SIDE)
    for colour in range(0, PIXELS, 4):
        whole[colour : colour + 4, colour : colour + 4] = both
    return whole.contiguous(memory_format=torch.channels_last)


_CHANGE = change_kernel()
