"""Tiles of one large picture on a cluster: actors hold the encoder, the driver the picture and its optimiser.

Every step, an actor gets the pixels of its tiles and returns sums; the driver adds them up and differentiates the loss
with respect to them; the actor returns the gradients of the pixels. A tile belongs to the actor that computed it last,
which keeps its targets, and its activations between the two passes if they fit. What a lost actor kept is sent or
computed again, so that the result is the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from impasto.cluster.connection import RayCluster
from impasto.cluster.pool import Homes, WorkPool, in_order
from impasto.cluster.tile_worker import Shared, TileOrder, TileResult, TileWork, owned
from impasto.encoders import Encoder
from impasto.errors import TooLargeError
from impasto.optimize.tiles.grid import Tile
from impasto.optimize.tiles.objective import KeptTile, TiledObjective, add_sums
from impasto.optimize.tiles.sums import TermSums
from impasto.optimize.tiles.terms import TileSums

_NUMBERS = itertools.count()


class TileSpread:
    """Makes objectives whose tiles are computed on a cluster, by ``workers`` actors (by default one a core or GPU).

    It takes the arguments of `TiledObjective`, for `Job.make_tiled`. Close it at the end.
    """

    def __init__(self, cluster: RayCluster, workers: int | None = None) -> None:
        self.cluster, self.workers = cluster, workers
        self._pool: WorkPool | None = None
        self._encoder: Encoder | None = None

    def __call__(self, encoder: Encoder, *arguments: Any, **options: Any) -> TiledObjective:
        """Return the objective."""
        return SpreadObjective(self, encoder, *arguments, **options)

    def pool(self, encoder: Encoder) -> WorkPool:
        """Return the actors that hold ``encoder``; raises what `WorkPool` raises."""
        if self._pool is None or self._encoder is not encoder:
            self.close()
            on_gpu = self.cluster.gpus > 0
            self._pool = WorkPool(self.cluster, TileWork(encoder, on_gpu), workers=self.workers)
            self._encoder = encoder
        return self._pool

    def close(self) -> None:
        """End the actors."""
        if self._pool is not None:
            self._pool.close()
        self._pool = self._encoder = None


class SpreadObjective(TiledObjective):
    """An objective whose tiles are computed by the actors of ``spread``; otherwise as `TiledObjective`.

    The actors decide themselves how many tiles keep their activations.
    """

    def __init__(self, spread: TileSpread, encoder: Encoder, *arguments: Any, **options: Any) -> None:
        super().__init__(encoder, *arguments, **options)
        self.spread, self.number, self.evaluation = spread, next(_NUMBERS), 0
        self.homes: Homes = {}
        self._terms: dict[int, Any] = {}

    def sum_tiles(
        self, image: Tensor, sums: Sequence[TermSums], needed: Sequence[int], *, keep: bool
    ) -> dict[int, KeptTile]:
        """Add up the ``needed`` terms of features over all tiles; see `TiledObjective`. Nothing is kept here."""
        self.evaluation += 1
        numbers = tuple(number for number in needed if number in self.of_features)
        if numbers:
            for _, result in self._results(image, numbers, keep=keep):
                add_sums(sums, _tensors(result, image))
        return {}

    def add_gradients(
        self,
        image: Tensor,
        sums: Sequence[TermSums],
        kept: dict[int, KeptTile],  # noqa: ARG002 (the actors keep)
        gradient: Tensor,
    ) -> None:
        """Add the gradients of all tiles to ``gradient``; see `TiledObjective`."""
        if not self.of_features:
            return
        slopes = {
            number: [slope.cpu().numpy() for slope in sums[number].slopes] for number in self.of_features
        }
        for tile, result in self._results(image, tuple(self.of_features), slopes=self._share(slopes)):
            add_sums(sums, _tensors(result, image), additive_only=True)
            piece = self.cut(image, tile).requires_grad_()
            seen = torch.tensor(result.gradient, device=image.device)
            self.window(image, piece, tile).backward(seen)  # type: ignore[no-untyped-call]
            rows, columns = self.region(image, tile)
            assert piece.grad is not None
            gradient[:, :, rows, columns] += piece.grad

    def _results(
        self, image: Tensor, numbers: tuple[int, ...], **what: Any
    ) -> Iterator[tuple[Tile, TileResult]]:
        """Yield what the actors return for every tile, in the order of the tiles, so that sums are the same each time.

        Raises `TooLargeError` for a tile whose actors die again and again.
        """
        tiles = self.grid.tiles

        def order(index: int) -> TileOrder:
            with torch.no_grad():
                window = self.window(image, self.cut(image, tiles[index]), tiles[index])
            pixels = window.contiguous().cpu().numpy()
            key = (self.number, self.evaluation)
            return TileOrder(key, index, self._shared_terms(index), pixels, numbers, **what)

        pool = self.spread.pool(self.encoder)
        work = ((str(index), index) for index in range(len(tiles)))

        def refuse(number: int, reason: str) -> TooLargeError:
            return TooLargeError(
                f"A tile of {tiles[number].pixels / 1e6:.1f} megapixels could not be computed: {reason}; "
                "it may be too large for a worker, so choose a smaller --tile."
            )

        for number, result in in_order(pool.map(work, homes=self.homes, prepare=order), refuse):
            yield tiles[number], result

    def _shared_terms(self, index: int) -> Shared:
        """Return the terms of a tile; they are sent to an actor once."""
        if index not in self._terms:
            self._terms[index] = self._share(owned(self.tile_terms(self.grid.tiles[index])))
        return self._terms[index]  # type: ignore[no-any-return]

    def _share(self, value: Any) -> Shared:
        return Shared(self.spread.cluster.ray.put(value))


def _tensors(result: TileResult, image: Tensor) -> TileSums:
    # Copies: arrays from Ray's store cannot be written, of which torch warns.
    return {
        number: tuple(torch.tensor(part, device=image.device) for part in parts)
        for number, parts in result.sums.items()
    }
