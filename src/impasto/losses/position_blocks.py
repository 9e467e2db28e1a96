"""Block layout for fast region statistics.

Positions with the same weights in all regions are grouped into blocks. One matrix product per block then serves every
region, scaled by the region's weight. Regions with hard edges, or that fade into each other, have few different
combinations of weights, so many regions cost little more than one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

# Weights from 0 to a region's largest are quantised to this many levels.
LEVELS = 16
# Positions in a block. Each small block costs a C x C matrix; large blocks leave more positions over, which are
# multiplied once per region.
MIN_BLOCK, MAX_BLOCK = 128, 1024
BLOCKS = 96


@dataclass(frozen=True, eq=False)
class PositionBlocks:
    """The order in which the positions of a map are read for K regions, and the weight of each position.

    First come blocks of `block` positions with the weights `block_weights` `(blocks, K)`, then single positions with
    the weights `mixed` `(n, K)`. `order` lists the positions. `places` gives the index in `order` of each position of
    the map, or the length of `order` for a position without weight. Both are None for the map's own order.
    """

    block: int
    block_weights: Tensor
    mixed: Tensor
    order: Tensor | None = None
    places: Tensor | None = None

    @property
    def length(self) -> int:
        """The number of positions that are read."""
        return len(self.block_weights) * self.block + len(self.mixed)

    def blocks(self, size: int) -> Iterator[tuple[int, int, Tensor]]:
        """Yield start, stop and weights of chunks of about `size` positions in blocks."""
        step = max(1, size // self.block)
        for first in range(0, len(self.block_weights), step):
            block_weights = self.block_weights[first : first + step]
            yield first * self.block, (first + len(block_weights)) * self.block, block_weights

    def rest(self, size: int) -> Iterator[tuple[int, int, Tensor]]:
        """Yield start, stop and weights of chunks of at most `size` single positions."""
        begin = len(self.block_weights) * self.block
        for first in range(0, len(self.mixed), size):
            weights = self.mixed[first : first + size]
            yield begin + first, begin + first + len(weights), weights

    def take(self, rows: Tensor, start: int, stop: int) -> Tensor:
        """Return positions `start` to `stop` of the order from `rows` `(N, C)`."""
        if self.order is None:
            return rows[start:stop]
        return rows.index_select(0, self.order[start:stop])


def position_weights(blocks: PositionBlocks) -> Tensor:
    """Return the weight `(N, K)` of every position of the map in every region."""
    weights = torch.cat([blocks.block_weights.repeat_interleave(blocks.block, 0), blocks.mixed])
    if blocks.places is None:
        return weights
    return torch.cat([weights, torch.zeros_like(weights[:1])]).index_select(0, blocks.places)


def single_region_blocks(positions: int, device: torch.device) -> PositionBlocks:
    """Return the layout of one region that covers all positions."""
    block = min(positions, MAX_BLOCK)
    ones = torch.ones(positions // block + positions % block, 1, device=device)
    return PositionBlocks(block, ones[: positions // block], ones[positions // block :])


def unsorted_blocks(weights: Tensor) -> PositionBlocks:
    """Return the layout of the regions of `weights` `(K, N)` in the map's own order, without blocks."""
    mixed = weights.T.contiguous()
    return PositionBlocks(1, mixed[:0], mixed)


def sorted_blocks(weights: Tensor) -> PositionBlocks:
    """Return the layout of the regions of `weights` `(K, N)` in blocks of positions with similar weights.

    Deviation from exact sums: in soft edges, the weights within a block may differ by 1.5 of 16 levels, and each
    position counts by their mean. Each region keeps its total, a weight of 0 stays 0, and equal weights stay exact.
    """
    positions = weights.shape[1]
    block = min(max(positions // BLOCKS, MIN_BLOCK), MAX_BLOCK)
    active, largest_of_region = weights > 0, weights.amax(1, keepdim=True)
    levels = (weights * (LEVELS / largest_of_region)).round().long().maximum(active.long())
    keys = torch.zeros_like(levels[0])
    for row in levels:
        # Keys of more than 15 regions overflow and may coincide; blocks of unlike weights are dropped below.
        keys = keys * (LEVELS + 1) + row
    _, groups, counts = keys.unique(return_inverse=True, return_counts=True)  # type: ignore[no-untyped-call]
    # Sorting 16-bit integers is several times faster.
    order = (groups.short() if len(counts) < 2**15 else groups).argsort(stable=True)
    indices = torch.arange(positions, device=weights.device)
    block_ends = counts.cumsum(0) - counts % block
    in_blocks = indices < block_ends.repeat_interleave(counts, output_size=positions)
    candidates = order[in_blocks].view(-1, block)
    values = weights.index_select(1, candidates.flatten()).view(len(weights), *candidates.shape)
    least, largest = values.amin(2), values.amax(2)
    alike = (largest - least <= 1.5 / LEVELS * largest_of_region) & ((least > 0) == (largest > 0))
    chosen = alike.all(0) & (largest > 0).any(0)
    rest = active.any(0)
    rest[candidates[chosen].flatten()] = False
    singles = rest.nonzero().flatten()
    order = torch.cat([candidates[chosen].flatten(), singles])
    block_weights = values.mean(2)[:, chosen].T.contiguous()
    mixed = weights[:, singles].T.contiguous()
    if torch.equal(order, indices):
        return PositionBlocks(block, block_weights, mixed)
    places = torch.full_like(indices, len(order))
    places[order] = indices[: len(order)]
    return PositionBlocks(block, block_weights, mixed, order.int(), places.int())
