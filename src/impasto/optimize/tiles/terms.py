"""The terms of one tile: what is computed from its window, here or in another process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.losses.tile_parts import TilePart

# Sums of a tile by the number of their term; a term without a position in the tile has none.
TileSums = dict[int, tuple[Tensor, ...]]


@dataclass(frozen=True, eq=False)
class TileTerms:
    """The parts of all terms of features over one tile, by the number of the term, each with its layer.

    ``cores`` are the rows and columns of the tile in the features of its window, by layer.
    """

    parts: Mapping[int, tuple[str, TilePart]]
    cores: Mapping[str, tuple[slice, slice]]

    def sums(self, encoder: Encoder, window: Tensor, numbers: Sequence[int]) -> TileSums:
        """Return the sums of the terms ``numbers`` over the tile in ``window`` (1,3,h,w), as the encoder sees it."""
        chosen = {number: self.parts[number] for number in numbers}
        layers = sorted({layer for layer, _ in chosen.values()})
        features = encoder(window, layers)
        cores = {layer: self._core(features.pop(layer), layer) for layer in layers}
        return {
            number: part(cores[layer]) for number, (layer, part) in chosen.items() if cores[layer].numel()
        }

    def _core(self, features: Tensor, layer: str) -> Tensor:
        rows, columns = self.cores[layer]
        if (rows, columns) == (slice(0, features.shape[2]), slice(0, features.shape[3])):
            return features
        return features[:, :, rows, columns].contiguous(memory_format=torch.channels_last)


def surrogate(sums: Sequence[Tensor], slopes: Sequence[Tensor]) -> Tensor | None:
    """Return a linear function of a tile's sums with the gradient ``slopes``; None if none of them needs it."""
    products = [(part * slope).sum() for part, slope in zip(sums, slopes, strict=True) if part.requires_grad]
    return torch.stack(products).sum() if products else None


def backward(surrogates: Sequence[Tensor | None]) -> None:
    """Set the gradients of the sum of ``surrogates`` that are not None, added in float64."""
    losses = [loss.double() for loss in surrogates if loss is not None]
    if losses:
        torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
