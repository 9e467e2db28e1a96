"""Tiles of an image: cores that cover it once, and windows with the context that the encoder needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise, product

from impasto.encoders.halo import Halo


@dataclass(frozen=True)
class TileSpan:
    """Pixels ``start`` to ``stop`` (excluded) along one axis, and the ``low`` to ``high`` of their window."""

    start: int
    stop: int
    low: int
    high: int

    def positions(self, stride: int, length: int) -> slice:
        """Return the positions of the core in a layer of ``stride`` of an image of ``length`` pixels."""
        # A stride drops the remainder at the end of the image.
        stop = length if self.stop == length else self.stop
        return slice(self.start // stride, stop // stride)

    def within(self, stride: int, length: int) -> slice:
        """Return the positions of the core in the layer of the window."""
        positions = self.positions(stride, length)
        first = self.low // stride
        return slice(positions.start - first, positions.stop - first)


@dataclass(frozen=True)
class Tile:
    """One tile: its rows and its columns."""

    rows: TileSpan
    columns: TileSpan

    @property
    def pixels(self) -> int:
        """Pixels of the window."""
        return (self.rows.high - self.rows.low) * (self.columns.high - self.columns.low)


@dataclass(frozen=True)
class Grid:
    """The tiles of an image of ``height`` x ``width``."""

    height: int
    width: int
    tiles: tuple[Tile, ...]

    @property
    def largest(self) -> int:
        """Pixels of the largest window."""
        return max(tile.pixels for tile in self.tiles)

    @property
    def overhead(self) -> float:
        """Pixels of all windows, relative to those of the image."""
        return sum(tile.pixels for tile in self.tiles) / (self.height * self.width)


def smallest_tile(halo: Halo) -> int:
    """Return the smallest side of a tile: smaller ones would have no position at the deepest layer."""
    return 4 * halo.alignment


def make_grid(height: int, width: int, side: int, halo: Halo) -> Grid:
    """Return the tiles of an image whose cores have at most the area of a square of ``side`` pixels, about.

    Among these tiles are those with the least context: where they are about as wide as the image, full rows.
    """
    least = smallest_tile(halo)
    grids = []
    for count in range(1, math.ceil(width / max(side, least)) + 1):
        tall = max(least, side * side * count // width)
        rows, columns = _spans(height, math.ceil(height / tall), halo), _spans(width, count, halo)
        grids.append(Grid(height, width, tuple(Tile(row, column) for row, column in product(rows, columns))))
    return min(grids, key=lambda grid: grid.overhead)


def _spans(length: int, count: int, halo: Halo) -> list[TileSpan]:
    step = halo.alignment
    edges = [round(index * length / count / step) * step for index in range(count)] + [length]
    return [
        TileSpan(start, stop, max(0, start - halo.pixels), min(length, stop + halo.pixels))
        for start, stop in pairwise(edges)
    ]
