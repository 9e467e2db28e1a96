"""Total variation and resizing as sums over bands of rows, for images that are painted in tiles.

A band of an image holds its rows and the row above and below them; at the edges of the image these are copies. The
values of all bands add up to the value of the image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.imaging.imagenet import IMAGENET_STD
from impasto.imaging.row_bands import axis_weights


@dataclass(frozen=True, eq=False)
class Band:
    """Rows ``first`` to ``last`` (excluded) of an image ``(B, C, height, W)``.

    ``rows`` ``(B, C, last - first + 2, W)`` holds them and one row of context on either side.
    """

    rows: Tensor
    first: int
    last: int
    height: int

    @property
    def core(self) -> Tensor:
        """The rows without context."""
        return self.rows[:, :, 1:-1]

    @property
    def pairs(self) -> int:
        """How many of the rows have a row below them in the image."""
        return min(self.last, self.height - 1) - self.first

    def differences(self) -> tuple[Tensor, Tensor]:
        """Return the differences of horizontal neighbours, and of vertical ones whose upper row is in the band."""
        core = self.core
        down = self.rows[:, :, 2 : 2 + self.pairs] - core[:, :, : self.pairs]
        return core[..., 1:] - core[..., :-1], down

    def means(self, dx: Tensor, dy: Tensor) -> tuple[Tensor, Tensor]:
        """Return the shares of sums over the band in the means over all pairs of the image."""
        batch, channels, _, width = self.rows.shape
        across, down = self.height * (width - 1), (self.height - 1) * width
        return dx.sum() / (batch * channels * across), dy.sum() / (batch * channels * down)


def cut_band(image: Tensor, first: int, last: int) -> Band:
    """Return rows ``first`` to ``last`` of ``image`` with their context."""
    height = image.shape[2]
    above, below = max(first - 1, 0), min(last + 1, height)
    return padded_band(image[:, :, above:below], first, last, height)


def padded_band(rows: Tensor, first: int, last: int, height: int) -> Band:
    """Return the band whose ``rows`` lack the context that lies outside the image."""
    padding = (0, 0, int(first == 0), int(last == height))
    return Band(F.pad(rows, padding, mode="replicate") if any(padding) else rows, first, last, height)


def l1_band(band: Band) -> Tensor:
    """Return the band's share of `l1_variation`."""
    dx, dy = band.differences()
    across, down = band.means(dx.abs(), dy.abs())
    return (across + down) / 2


def l1_normalised_band(band: Band) -> Tensor:
    """Return the band's share of `l1_normalised_variation`."""
    rows = band.rows / band.rows.new_tensor(IMAGENET_STD).view(1, 3, 1, 1)
    return l1_band(Band(rows, band.first, band.last, band.height))


def l2_band(band: Band) -> Tensor:
    """Return the band's share of `l2_variation`."""
    dx, dy = band.differences()
    across, down = band.means(dx.square(), dy.square())
    return across + down


def nine_point_band(band: Band) -> Tensor:
    """Return the band's share of `nine_point_variation`."""
    padded = F.pad(band.rows, (1, 1, 0, 0), mode="replicate")
    centre = padded[..., 1:-1, 1:-1]
    dx = padded[..., 1:-1, 2:] - centre
    dy = padded[..., 2:, 1:-1] - centre
    # Cells of 2 x 2 pixels belong to the band of their lower row, those below the last row to the last band.
    cells = padded if band.last == band.height else padded[..., :-1, :]
    down = cells[..., 1:, 1:] - cells[..., :-1, :-1]
    up = cells[..., 1:, :-1] - cells[..., :-1, 1:]
    batch, channels, _, width = band.rows.shape
    pixels = batch * channels * band.height * width
    corners = batch * channels * (band.height + 1) * (width + 1)
    straight = (dx.square().sum() + dy.square().sum()) / pixels
    diagonal = (down.square().sum() + up.square().sum()) / corners
    return 2 * (straight / 3 + diagonal / 12)


def half_sum_band(band: Band) -> Tensor:
    """Return the band's share of `half_sum_variation`."""
    dx, dy = band.differences()
    squares = dx[:, :, : band.pairs].square() + dy[..., :-1].square()
    return 255**2 / 2 * squares.sum((1, 2, 3)).mean()


def resizing_matrix(size: int, smaller: int) -> Tensor:
    """Return the weights ``(smaller, size)`` with which `impasto.imaging.resize` resizes an axis, before clamping."""
    weights, low = axis_weights(size, smaller, 0, smaller)
    return F.pad(weights, (low, size - low - weights.shape[1]))


def band_ranges(height: int, width: int, pixels: int) -> list[tuple[int, int]]:
    """Return first and last row (excluded) of bands of about ``pixels`` pixels that cover an image."""
    count = max(1, math.ceil(height * width / pixels))
    edges = [round(index * height / count) for index in range(count + 1)]
    return [(a, b) for a, b in pairwise(edges) if b > a]
