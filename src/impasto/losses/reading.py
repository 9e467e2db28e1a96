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
# So many positions, and this share of all, are worth a product of their own.
FEWEST = 128
RARE = 1 / 256


@dataclass(frozen=True, eq=False)
class Reading:
    """The order in which the positions of a map are read for K regions, and how each position counts.

    First come P parts, `bounds[p]` to `bounds[p + 1]`, whose positions all count by `shares` `(P, K)`; then the
    positions of `mixed` weights `(n, K)`. `order` lists the positions, and `places` says where in it each one
    of the map is, or its length for one that counts nowhere; both are None for the map's own order.
    """

    bounds: tuple[int, ...]
    shares: Tensor
    mixed: Tensor
    order: Tensor | None = None
    places: Tensor | None = None

    @property
    def length(self) -> int:
        """The number of positions that are read."""
        return self.bounds[-1] + len(self.mixed)

    def pieces(self, size: int) -> Iterator[tuple[int, int, list[tuple[int, int, int]]]]:
        """Yield start and stop of pieces of the parts, and what of which part lies where: (p, from, to)."""
        part, end = 0, self.bounds[-1]
        for start in range(0, end, size):
            stop = min(start + size, end)
            cuts, at = [], start
            while at < stop:
                part += self.bounds[part + 1] <= at
                until = min(stop, self.bounds[part + 1])
                cuts.append((part, at - start, until - start))
                at = until
            yield start, stop, cuts

    def mixed_pieces(self, size: int) -> Iterator[tuple[int, int, Tensor]]:
        """Yield start, stop and weights of pieces of the mixed positions."""
        for start in range(0, len(self.mixed), size):
            weights = self.mixed[start : start + size]
            yield self.bounds[-1] + start, self.bounds[-1] + start + len(weights), weights

    def take(self, rows: Tensor, start: int, stop: int) -> Tensor:
        """Return positions `start` to `stop` of the order from `rows` `(N, C)`."""
        if self.order is None:
            return rows[start:stop]
        return rows.index_select(0, self.order[start:stop])


def read_whole(positions: int, device: torch.device) -> Reading:
    """Return the reading of one region to which all positions belong."""
    share = torch.ones(1, 1, device=device)
    return Reading((0, positions), share, share[:0])


def read_weighted(weights: Tensor) -> Reading:
    """Return the reading of the regions of `weights` `(K, N)` in the map's own order."""
    mixed = weights.T.contiguous()
    return Reading((0,), mixed[:0], mixed)


def read_sorted(weights: Tensor) -> Reading:
    """Return the reading of the regions of `weights` `(K, N)` with positions that count alike side by side.

    Deviation from exact sums: where weights fade, those of a part may differ by 1.5 of 16 steps and count by
    their mean. Each region keeps its total, a weight of 0 stays 0, and equal weights stay what they are.
    """
    active, most = weights > 0, weights.amax(1, keepdim=True)
    steps = (weights * (LEVELS / most)).round().long().maximum(active.long())
    names = torch.zeros_like(steps[0])
    for row in steps:
        # Names of more than 15 regions overflow and may coincide; the check for likeness tells them apart.
        names = names * (LEVELS + 1) + row
    _, kinds, counts = names.unique(return_inverse=True, return_counts=True)  # type: ignore[no-untyped-call]
    shares, alike = _describe(weights, kinds, counts, 1.5 / LEVELS * most)
    common = alike & (counts >= max(FEWEST, RARE * weights.shape[1])) & (shares > 0).any(0)
    parts = int(common.sum())
    # Parts in the order of their kinds, then mixed positions, then those that count nowhere.
    rank = torch.where(common, common.cumsum(0) - 1, parts)
    ranks = torch.where(active.any(0), rank[kinds], parts + 1)
    sizes = torch.bincount(ranks, minlength=parts + 2).tolist()
    order = ranks.argsort(stable=True)[: sum(sizes[: parts + 1])]
    bounds = [0]
    for size in sizes[:parts]:
        bounds.append(bounds[-1] + size)
    mixed = weights[:, order[bounds[-1] :]].T.contiguous()
    shares = shares[:, common].T.contiguous()
    if len(order) == weights.shape[1] and (parts == 0 or (parts == 1 and not len(mixed))):
        return Reading(tuple(bounds), shares, mixed)
    places = torch.full_like(ranks, len(order))
    places[order] = torch.arange(len(order), device=order.device)
    return Reading(tuple(bounds), shares, mixed, order.int(), places.int())


def _describe(weights: Tensor, kinds: Tensor, counts: Tensor, allowed: Tensor) -> tuple[Tensor, Tensor]:
    """The mean weights `(K, kinds)` of each kind, and whether its weights differ by no more than `allowed`."""
    index = kinds.expand_as(weights)
    none = weights.new_zeros(len(weights), len(counts))
    least = none.scatter_reduce(1, index, weights, "amin", include_self=False)
    most = none.scatter_reduce(1, index, weights, "amax", include_self=False)
    mean = none.double().scatter_add(1, index, weights.double()) / counts
    alike = (most - least <= allowed) & ((least > 0) == (most > 0))
    return mean.to(weights.dtype), alike.all(0)
