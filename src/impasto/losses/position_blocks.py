"""In which order the positions of a picture's regions are read, so that many regions cost little more than one.

Positions that count alike for all regions go into one matrix product, whose result then counts for each region
by its weight. Regions with hard edges, or that fade into each other, have few kinds of positions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

# Weights from 0 to a region's largest are told apart in so many steps.
LEVELS = 16
# How many positions make a block: small ones cost a matrix of channels by channels each, large ones leave more
# positions over, which are multiplied for every region.
LEAST_BLOCK, LARGEST_BLOCK = 128, 1024
BLOCKS = 96


@dataclass(frozen=True, eq=False)
class PositionBlocks:
    """The order in which the positions of a map are read for K regions, and how each position counts.

    First come blocks of `block` positions that all count by `shares` `(blocks, K)`, then the positions of
    `mixed` weights `(n, K)`. `order` lists the positions, and `places` says where in it each one of the map
    is, or its length for one that counts nowhere; both are None for the map's own order.
    """

    block: int
    shares: Tensor
    mixed: Tensor
    order: Tensor | None = None
    places: Tensor | None = None

    @property
    def length(self) -> int:
        """The number of positions that are read."""
        return len(self.shares) * self.block + len(self.mixed)

    def blocks(self, size: int) -> Iterator[tuple[int, int, Tensor]]:
        """Yield start, stop and the blocks' shares of pieces of about `size` positions in blocks."""
        step = max(1, size // self.block)
        for first in range(0, len(self.shares), step):
            shares = self.shares[first : first + step]
            yield first * self.block, (first + len(shares)) * self.block, shares

    def rest(self, size: int) -> Iterator[tuple[int, int, Tensor]]:
        """Yield start, stop and weights of pieces of at most `size` mixed positions."""
        begin = len(self.shares) * self.block
        for first in range(0, len(self.mixed), size):
            weights = self.mixed[first : first + size]
            yield begin + first, begin + first + len(weights), weights

    def take(self, rows: Tensor, start: int, stop: int) -> Tensor:
        """Return positions `start` to `stop` of the order from `rows` `(N, C)`."""
        if self.order is None:
            return rows[start:stop]
        return rows.index_select(0, self.order[start:stop])


def read_whole(positions: int, device: torch.device) -> PositionBlocks:
    """Return the reading of one region to which all positions belong."""
    block = min(positions, LARGEST_BLOCK)
    ones = torch.ones(positions // block + positions % block, 1, device=device)
    return PositionBlocks(block, ones[: positions // block], ones[positions // block :])


def read_weighted(weights: Tensor) -> PositionBlocks:
    """Return the reading of the regions of `weights` `(K, N)` in the map's own order."""
    mixed = weights.T.contiguous()
    return PositionBlocks(1, mixed[:0], mixed)


def read_sorted(weights: Tensor) -> PositionBlocks:
    """Return the reading of the regions of `weights` `(K, N)` in blocks of positions that count alike.

    Deviation from exact sums: where weights fade, those of a block may differ by 1.5 of 16 steps and count by
    their mean. Each region keeps its total, a weight of 0 stays 0, and equal weights stay what they are.
    """
    positions = weights.shape[1]
    block = min(max(positions // BLOCKS, LEAST_BLOCK), LARGEST_BLOCK)
    active, most = weights > 0, weights.amax(1, keepdim=True)
    steps = (weights * (LEVELS / most)).round().long().maximum(active.long())
    names = torch.zeros_like(steps[0])
    for row in steps:
        # Names of more than 15 regions overflow and may coincide; blocks of unlike weights are dropped below.
        names = names * (LEVELS + 1) + row
    _, kinds, counts = names.unique(return_inverse=True, return_counts=True)  # type: ignore[no-untyped-call]
    # Small numbers are sorted several times faster.
    order = (kinds.short() if len(counts) < 2**15 else kinds).argsort(stable=True)
    own = torch.arange(positions, device=weights.device)
    whole = counts.cumsum(0) - counts % block
    found = order[own < whole.repeat_interleave(counts, output_size=positions)].view(-1, block)
    known = weights.index_select(1, found.flatten()).view(len(weights), *found.shape)
    least, largest = known.amin(2), known.amax(2)
    alike = (largest - least <= 1.5 / LEVELS * most) & ((least > 0) == (largest > 0))
    chosen = alike.all(0) & (largest > 0).any(0)
    rest = active.any(0)
    rest[found[chosen].flatten()] = False
    left = rest.nonzero().flatten()
    order = torch.cat([found[chosen].flatten(), left])
    shares = known.mean(2)[:, chosen].T.contiguous()
    mixed = weights[:, left].T.contiguous()
    if torch.equal(order, own):
        return PositionBlocks(block, shares, mixed)
    places = torch.full_like(own, len(order))
    places[order] = own[: len(order)]
    return PositionBlocks(block, shares, mixed, order.int(), places.int())
