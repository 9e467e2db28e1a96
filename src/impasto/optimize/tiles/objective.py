"""The objective of an image that is painted in tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from impasto.encoders import Encoder, release_memory
from impasto.errors import RecipeError
from impasto.guidance import Protection
from impasto.imaging.print_sizes import Size
from impasto.imaging.scratch import forget, large_zeros_like, lies_in_file
from impasto.losses import Term
from impasto.losses.bands import Band, band_ranges, padded_band
from impasto.losses.tiled import untileable
from impasto.optimize.objective import Objective
from impasto.optimize.optimizers.base import Evaluation
from impasto.optimize.tiles.grid import Grid, Tile
from impasto.optimize.tiles.sums import TermSums
from impasto.optimize.tiles.terms import TileSums, TileTerms, backward, surrogate
from impasto.optimize.views import View

# Pixels of a band of rows.
BAND_PIXELS = 1 << 20

# A tile's window and the sums over it, with their graph.
KeptTile = tuple[Tensor, TileSums]


class TiledObjective(Objective):
    """An objective that is computed in the tiles of ``grid``; otherwise as `Objective`.

    ``kept`` is the number of tiles whose activations stay in memory between the two passes; the others are computed
    twice. Raises `RecipeError` for a term that cannot be computed in tiles.
    """

    def __init__(
        self,
        encoder: Encoder,
        terms: Sequence[Term],
        view: View | None = None,
        protection: Protection | None = None,
        *,
        grid: Grid,
        kept: int = 0,
    ) -> None:
        super().__init__(encoder, terms, view, protection)
        for term in terms:
            reason = untileable(term)
            if reason:
                raise RecipeError(f"The picture cannot be painted in tiles: {reason}; leave --tile out.")
        self.grid = grid
        self.kept = kept
        self.of_features = [number for number, term in enumerate(terms) if term.layer is not None]
        self.strides = {
            name: encoder.layers[layer].stride for name, layer in encoder.resolve(self.layers).items()
        }

    def __call__(
        self, image: Tensor, term_gains: Mapping[str, float] | None = None
    ) -> tuple[Tensor, dict[str, float]]:
        """Return the loss of ``image`` (1,3,h,w) without gradient, and its weighted terms by name."""
        sums, everything = self._empty_sums(image, term_gains), range(len(self.terms))
        self.sum_tiles(image, sums, everything, keep=False)
        self._sum_bands(image, sums, everything)
        return self._report(sums)

    def evaluate(self, image: Tensor, term_gains: Mapping[str, float] | None = None) -> Evaluation:
        """Set the gradient of ``image`` and return the loss and its weighted terms by name."""
        source = image.detach()
        sums = self._empty_sums(source, term_gains)
        needed = [number for number, term in enumerate(self.terms) if not _additive(term)]
        kept = self.sum_tiles(source, sums, needed, keep=True)
        self._sum_bands(source, sums, needed)
        for term in sums:
            term.differentiate()
        image.grad = None
        gradient = large_zeros_like(source)
        self.add_gradients(source, sums, kept, gradient)
        self._band_gradients(source, sums, gradient)
        image.grad = gradient
        return self._report(sums)

    def sum_tiles(
        self, image: Tensor, sums: Sequence[TermSums], needed: Sequence[int], *, keep: bool
    ) -> dict[int, KeptTile]:
        """Add up the ``needed`` terms of features over all tiles.

        With ``keep``, the last tiles keep their graphs, with all terms; they are returned by number.
        """
        numbers = [number for number in needed if number in self.of_features]
        tiles, kept = self.grid.tiles if numbers else (), dict[int, KeptTile]()
        first_kept = len(tiles) - (self.kept if keep else 0)
        for index, tile in enumerate(tiles):
            if index >= first_kept:
                piece = self.cut(image, tile).requires_grad_()
                found = self._tile_sums(image, piece, tile, self.of_features)
                kept[index] = piece, found
            else:
                with torch.no_grad():
                    found = self._tile_sums(image, self.cut(image, tile), tile, numbers)
            add_sums(sums, found)
            forget()
        return kept

    def add_gradients(
        self, image: Tensor, sums: Sequence[TermSums], kept: dict[int, KeptTile], gradient: Tensor
    ) -> None:
        """Add the gradients of all tiles to ``gradient``; ``kept`` is what `sum_tiles` returned."""
        in_files = lies_in_file(gradient)
        for index, tile in enumerate(self.grid.tiles if self.layers else ()):
            piece, found = kept.pop(index, (None, {}))
            if piece is None:
                piece = self.cut(image, tile).requires_grad_()
                found = self._tile_sums(image, piece, tile, self.of_features)
                add_sums(sums, found, additive_only=True)
            backward([surrogate(parts, sums[number].slopes) for number, parts in found.items()])
            if piece.grad is not None:
                rows, columns = self.region(image, tile)
                gradient[:, :, rows, columns] += piece.grad
            del piece, found
            forget()
            if in_files:
                # Tiles differ in size and leave gaps: .9 GB beyond the plan in a whole run of 100 megapixels.
                release_memory()

    def tile_terms(self, tile: Tile) -> TileTerms:
        """Return what the terms of features compute over ``tile``."""
        size = self.grid.height, self.grid.width
        parts = {}
        for number in self.of_features:
            term: Any = self.terms[number]
            stride = self.strides[term.layer]
            place = tile.rows.positions(stride, size[0]), tile.columns.positions(stride, size[1])
            parts[number] = term.layer, term.cut(*place)
        cores = {
            layer: (tile.rows.within(stride, size[0]), tile.columns.within(stride, size[1]))
            for layer, stride in self.strides.items()
        }
        return TileTerms(parts, cores)

    def window(self, image: Tensor, piece: Tensor, tile: Tile) -> Tensor:
        """Return ``piece``, the window of ``tile`` in ``image``, as the encoder sees it; differentiable."""
        if self.protection is not None:
            piece = self.protection.piece(piece, _size(image), *self.region(image, tile))
        return self.view.orient(piece)

    def region(self, image: Tensor, tile: Tile) -> tuple[Any, Any]:
        """Return the rows and columns of ``image`` in the window of a tile."""
        return self.view.region(
            _size(image), (tile.rows.low, tile.rows.high), (tile.columns.low, tile.columns.high)
        )

    def cut(self, image: Tensor, tile: Tile) -> Tensor:
        """Return a copy of the window of a tile."""
        rows, columns = self.region(image, tile)
        piece = image[:, :, rows, columns].clone(memory_format=torch.contiguous_format)
        forget()  # the system maps 64 kB around every row that is read
        return piece

    def _tile_sums(self, image: Tensor, piece: Tensor, tile: Tile, numbers: Sequence[int]) -> TileSums:
        return self.tile_terms(tile).sums(self.encoder, self.window(image, piece, tile), numbers)

    def _sum_bands(self, image: Tensor, sums: Sequence[TermSums], needed: Sequence[int]) -> None:
        """Add up the ``needed`` terms of pixels over all bands."""
        numbers = [number for number in needed if number not in self.of_features]
        with torch.no_grad():
            for band in self._bands(image, numbers):
                add_sums(sums, self._parts_of_rows(_rows_of(image, band), image, band, numbers))
                forget()

    def _bands(self, image: Tensor, numbers: Sequence[int]) -> list[Band]:
        """Return the bands of ``image``, none without ``numbers`` of terms; their rows are cut when they are used."""
        if not numbers:
            return []
        height, width = _size(image)
        return [Band(image, first, last, height) for first, last in band_ranges(height, width, BAND_PIXELS)]

    def _parts_of_rows(self, rows: Tensor, image: Tensor, band: Band, numbers: Sequence[int]) -> TileSums:
        """Return the sums of the terms of pixels over a band; ``rows`` are its rows of ``image`` with context."""
        height, width = _size(image)
        if self.protection is not None:
            region = _with_context(band), slice(0, width)
            rows = self.protection.piece(rows, (height, width), *region)
        padded = padded_band(rows, band.first, band.last, height)
        terms: Sequence[Any] = self.terms
        return {number: terms[number].part(padded) for number in numbers}

    def _band_gradients(self, image: Tensor, sums: Sequence[TermSums], gradient: Tensor) -> None:
        numbers = [number for number in range(len(self.terms)) if number not in self.of_features]
        for band in self._bands(image, numbers):
            rows = _rows_of(image, band).clone().requires_grad_()
            found = self._parts_of_rows(rows, image, band, numbers)
            add_sums(sums, found, additive_only=True)
            backward([surrogate(parts, sums[number].slopes) for number, parts in found.items()])
            if rows.grad is not None:
                gradient[:, :, _with_context(band)] += rows.grad
            forget()

    def _empty_sums(self, image: Tensor, term_gains: Mapping[str, float] | None) -> list[TermSums]:
        gains = term_gains or {}
        return [
            TermSums(
                term,
                image.new_tensor(
                    [
                        weight * gains.get(name.partition("/")[0], 1.0)
                        for name, weight in zip(term.names, term.weights, strict=True)
                    ]
                ),
            )
            for term in self.terms
        ]

    def _report(self, sums: Sequence[TermSums]) -> Evaluation:
        if not sums:
            return torch.zeros(()), {}
        weighted = torch.cat([term.values() * term.factors for term in sums]).detach()
        return weighted.sum(), dict(zip(self.names, weighted.tolist(), strict=True))


def add_sums(sums: Sequence[TermSums], found: TileSums, *, additive_only: bool = False) -> None:
    """Add the sums of a tile or band to those of their terms."""
    for number, parts in found.items():
        if not additive_only or _additive(sums[number].term):
            sums[number].add(parts)


def _additive(term: Any) -> bool:
    return bool(term.additive)


def _with_context(band: Band) -> slice:
    """Return the rows of a band and one more on each side."""
    return slice(max(band.first - 1, 0), min(band.last + 1, band.height))


def _rows_of(image: Tensor, band: Band) -> Tensor:
    return image[:, :, _with_context(band)]


def _size(image: Tensor) -> Size:
    return image.shape[2], image.shape[3]
