"""The objective of an image that is painted in tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.errors import RecipeError
from impasto.guidance import Protection
from impasto.imaging.print_sizes import Size
from impasto.imaging.scratch import forget
from impasto.losses import Term
from impasto.losses.bands import Band, band_ranges, padded_band
from impasto.losses.tiled import untileable
from impasto.optimize.objective import Objective
from impasto.optimize.optimizers.base import Evaluation
from impasto.optimize.tiles.grid import Grid, Tile
from impasto.optimize.views import View

# Pixels of a band of rows.
BAND_PIXELS = 1 << 20


@dataclass
class _Sums:
    """The sums of one term so far in float64, and the derivatives of the loss with respect to them."""

    term: Any
    factors: Tensor
    parts: list[Tensor] = field(default_factory=list)
    slopes: list[Tensor] = field(default_factory=list)

    def add(self, parts: Sequence[Tensor]) -> None:
        """Add the sums of a tile or band."""
        wide = [part.detach().double() for part in parts]
        if self.parts:
            for total, part in zip(self.parts, wide, strict=True):
                total += part
        else:
            self.parts = [part.clone() for part in wide]

    def differentiate(self) -> None:
        """Compute the derivatives; those of an additive term are its factor."""
        if self.term.additive:
            self.slopes = [self.factors[0]]
            return
        leaves = [part.float().requires_grad_() for part in self.parts]
        loss = (self.term.total(leaves) * self.factors).sum()
        found = torch.autograd.grad(loss, leaves, allow_unused=True)
        self.slopes = [
            torch.zeros_like(leaf) if slope is None else slope
            for leaf, slope in zip(leaves, found, strict=True)
        ]

    def surrogate(self, parts: Sequence[Tensor]) -> Tensor:
        """Return a linear function of a tile's sums that has the gradient of the loss."""
        pairs = zip(parts, self.slopes, strict=True)
        return sum((part * slope).sum() for part, slope in pairs if part.requires_grad)  # type: ignore[return-value]

    def values(self) -> Tensor:
        """Return the unweighted values of the term."""
        values: Tensor = self.term.total([part.float() for part in self.parts])
        return values


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
        self.strides = {
            name: encoder.layers[layer].stride for name, layer in encoder.resolve(self.layers).items()
        }

    def __call__(
        self, image: Tensor, term_gains: Mapping[str, float] | None = None
    ) -> tuple[Tensor, dict[str, float]]:
        """Return the loss of ``image`` (1,3,h,w) without gradient, and its weighted terms by name."""
        sums = self._empty_sums(image, term_gains)
        with torch.no_grad():
            self._first_pass(image, sums, keep=0, additive=True)
        return self._report(sums)

    def evaluate(self, image: Tensor, term_gains: Mapping[str, float] | None = None) -> Evaluation:
        """Set the gradient of ``image`` and return the loss and its weighted terms by name."""
        source = image.detach()
        sums = self._empty_sums(source, term_gains)
        kept = self._first_pass(source, sums, keep=self.kept, additive=False)
        for term in sums:
            term.differentiate()
        image.grad = None
        gradient = torch.zeros_like(source)
        for index, tile in enumerate(self.grid.tiles if self.layers else ()):
            piece, parts = kept.pop(index, (None, []))
            if piece is None:
                piece = self._cut(source, tile).requires_grad_()
                parts = self._tile_parts(source, piece, tile, sums)
                _add(parts, additive_only=True)
            _backward(parts)
            if piece.grad is not None:
                rows, columns = self._region(source, tile)
                gradient[:, :, rows, columns] += piece.grad
            del piece, parts
            forget()
        self._band_gradients(source, sums, gradient)
        image.grad = gradient
        return self._report(sums)

    def _empty_sums(self, image: Tensor, term_gains: Mapping[str, float] | None) -> list[_Sums]:
        gains = term_gains or {}
        return [
            _Sums(
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

    def _report(self, sums: Sequence[_Sums]) -> Evaluation:
        if not sums:
            return torch.zeros(()), {}
        weighted = torch.cat([term.values() * term.factors for term in sums]).detach()
        return weighted.sum(), dict(zip(self.names, weighted.tolist(), strict=True))

    def _first_pass(
        self, image: Tensor, sums: Sequence[_Sums], *, keep: int, additive: bool
    ) -> dict[int, tuple[Tensor, list[tuple[_Sums, tuple[Tensor, ...]]]]]:
        """Sum what is needed before the gradient; return the last ``keep`` tiles with their graphs.

        ``additive``: sum additive terms as well, although the gradient does not need it.
        """
        kept: dict[int, tuple[Tensor, list[tuple[_Sums, tuple[Tensor, ...]]]]] = {}
        needed = [term for term in sums if additive or not term.term.additive]
        tiles = self.grid.tiles if any(term.term.layer is not None for term in needed) else ()
        for index, tile in enumerate(tiles):
            if index >= len(tiles) - keep:
                piece = self._cut(image, tile).requires_grad_()
                parts = self._tile_parts(image, piece, tile, sums)
                _add(parts)
                kept[index] = piece, parts
            else:
                with torch.no_grad():
                    _add(self._tile_parts(image, self._cut(image, tile), tile, needed))
        with torch.no_grad():
            for band in self._bands(image, needed):
                _add(self._band_parts(band, needed))
        return kept

    def _tile_parts(
        self, image: Tensor, piece: Tensor, tile: Tile, sums: Sequence[_Sums]
    ) -> list[tuple[_Sums, tuple[Tensor, ...]]]:
        """Return the sums of every term of features over a tile; ``piece`` is its window of ``image``."""
        terms = [term for term in sums if term.term.layer is not None]
        layers = sorted({term.term.layer for term in terms})
        if self.protection is not None:
            piece = self.protection.piece(piece, _size(image), *self._region(image, tile))
        features = self.encoder(self.view.orient(piece), layers)
        cores = {layer: self._core(features.pop(layer), tile, layer) for layer in layers}
        parts = []
        for term in terms:
            rows, columns = self._positions(tile, term.term.layer)
            core = cores[term.term.layer]
            parts.append((term, term.term.part(core, rows, columns) if core.numel() else ()))
        return parts

    def _core(self, features: Tensor, tile: Tile, layer: str) -> Tensor:
        stride = self.strides[layer]
        rows = tile.rows.within(stride, self.grid.height)
        columns = tile.columns.within(stride, self.grid.width)
        whole = (slice(0, features.shape[2]), slice(0, features.shape[3]))
        if (rows, columns) == whole:
            return features
        return features[:, :, rows, columns].contiguous(memory_format=torch.channels_last)

    def _positions(self, tile: Tile, layer: str) -> tuple[slice, slice]:
        stride = self.strides[layer]
        return tile.rows.positions(stride, self.grid.height), tile.columns.positions(stride, self.grid.width)

    def _region(self, image: Tensor, tile: Tile) -> tuple[Any, Any]:
        """Return the rows and columns of ``image`` in the window of a tile."""
        return self.view.region(
            _size(image), (tile.rows.low, tile.rows.high), (tile.columns.low, tile.columns.high)
        )

    def _cut(self, image: Tensor, tile: Tile) -> Tensor:
        rows, columns = self._region(image, tile)
        return image[:, :, rows, columns].clone(memory_format=torch.contiguous_format)

    def _bands(self, image: Tensor, sums: Sequence[_Sums]) -> list[Band]:
        """Return the bands of ``image``, none if no term reads pixels; their rows are cut when they are used."""
        if not any(term.term.layer is None for term in sums):
            return []
        height, width = _size(image)
        return [Band(image, first, last, height) for first, last in band_ranges(height, width, BAND_PIXELS)]

    def _band_parts(self, whole: Band, sums: Sequence[_Sums]) -> list[tuple[_Sums, tuple[Tensor, ...]]]:
        image, first, last, height = whole.rows, whole.first, whole.last, whole.height
        above, below = max(first - 1, 0), min(last + 1, height)
        return self._parts_of_rows(image[:, :, above:below], image, first, last, sums)

    def _parts_of_rows(
        self, rows: Tensor, image: Tensor, first: int, last: int, sums: Sequence[_Sums]
    ) -> list[tuple[_Sums, tuple[Tensor, ...]]]:
        """Return the sums of every term of pixels over a band; ``rows`` are its rows of ``image`` with context."""
        height, width = _size(image)
        if self.protection is not None:
            region = slice(max(first - 1, 0), min(last + 1, height)), slice(0, width)
            rows = self.protection.piece(rows, (height, width), *region)
        band = padded_band(rows, first, last, height)
        return [(term, term.term.part(band)) for term in sums if term.term.layer is None]

    def _band_gradients(self, image: Tensor, sums: Sequence[_Sums], gradient: Tensor) -> None:
        for whole in self._bands(image, sums):
            above, below = max(whole.first - 1, 0), min(whole.last + 1, whole.height)
            rows = image[:, :, above:below].clone().requires_grad_()
            parts = self._parts_of_rows(rows, image, whole.first, whole.last, sums)
            _add(parts, additive_only=True)
            _backward(parts)
            if rows.grad is not None:
                gradient[:, :, above:below] += rows.grad


def _add(parts: Sequence[tuple[_Sums, tuple[Tensor, ...]]], *, additive_only: bool = False) -> None:
    for term, sums in parts:
        if sums and (term.term.additive or not additive_only):
            term.add(sums)


def _backward(parts: Sequence[tuple[_Sums, tuple[Tensor, ...]]]) -> None:
    surrogates = [term.surrogate(sums) for term, sums in parts if sums]
    losses = [loss for loss in surrogates if isinstance(loss, Tensor) and loss.requires_grad]
    if losses:
        torch.stack([loss.double() for loss in losses]).sum().backward()  # type: ignore[no-untyped-call]


def _size(image: Tensor) -> Size:
    return image.shape[2], image.shape[3]
