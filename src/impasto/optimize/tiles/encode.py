"""Features and statistics of large images that are encoded in tiles, without gradient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.encoders.halo import halo_of
from impasto.imaging.scratch import forget, is_large, large_empty
from impasto.losses import MomentLoss, StyleLoss
from impasto.losses.statistics import MomentSums, moment_sums
from impasto.losses.tiled import refuse_tiles
from impasto.optimize.tiles.grid import make_grid
from impasto.optimize.views import View

Place = tuple[slice, slice]


@torch.no_grad()
def encode_tiled(
    encoder: Encoder, image: Tensor, layers: Sequence[str], side: int, view: View | None = None
) -> dict[str, Tensor]:
    """Return the features of ``layers`` of ``image`` (1,3,h,w) through ``view``, computed in tiles of ``side``.

    They are those of ``encoder(view.apply(image), layers)``. Only windows go through the view: mirrored, a large image
    would be copied. Features that lie in files are bfloat16, which halves what every step reads: they are compared with
    features in float32, and the relative rounding of 2^-9 is far below their differences.
    """
    view = view or View()
    height, width = view.size((image.shape[2], image.shape[3]))
    whole: dict[str, Tensor] = {}
    for layer, places, features in _tiles(encoder, image, layers, side, view):
        if layer not in whole:
            info = encoder.layers[encoder.resolve([layer])[layer]]
            size = (1, height // info.stride, width // info.stride, info.channels)
            in_file = features.device.type == "cpu" and is_large(prod(size) * features.element_size())
            dtype = torch.bfloat16 if in_file else features.dtype
            whole[layer] = large_empty(size, dtype, features.device).permute(0, 3, 1, 2)
        rows, columns = places
        whole[layer][:, :, rows, columns] = features
        forget()
    return whole


@torch.no_grad()
def measure_tiled(
    encoder: Encoder,
    image: Tensor,
    losses: Mapping[str, StyleLoss[Any]],
    masks: Mapping[str, Tensor | None],
    side: int,
) -> dict[str, Any]:
    """Return what ``losses`` measure at each layer of ``image``, weighted by ``masks``, computed in tiles of ``side``.

    Masks (1,1,h,w) have the size of the layer's features; those without a positive value are left out. Raises
    RecipeError for a loss that is no `MomentLoss`.
    """
    for loss in losses.values():
        if not isinstance(loss, MomentLoss):
            raise refuse_tiles(type(loss).__name__)
    sums: dict[str, list[Tensor]] = {}
    for layer, (rows, columns), features in _tiles(encoder, image, list(losses), side, View()):
        mask = masks[layer]
        piece = None if mask is None else mask[:, :, rows, columns]
        if piece is not None and not bool((piece > 0).any()):
            continue
        part = moment_sums(features, piece)
        wide = [value.double() for value in (part.count, part.first, part.second)]
        before = sums.get(layer)
        sums[layer] = wide if before is None else [a + b for a, b in zip(before, wide, strict=True)]
    measured = {}
    for layer, parts in sums.items():
        loss = losses[layer]
        assert isinstance(loss, MomentLoss)
        measured[layer] = loss.from_sums(MomentSums(*(part.float() for part in parts)))
    return measured


def _tiles(
    encoder: Encoder, image: Tensor, layers: Sequence[str], side: int, view: View
) -> Iterator[tuple[str, Place, Tensor]]:
    """Yield each layer's features of every tile, without their context, and their places in the whole map."""
    size = (image.shape[2], image.shape[3])
    height, width = view.size(size)
    strides = {name: encoder.layers[layer].stride for name, layer in encoder.resolve(layers).items()}
    for tile in make_grid(height, width, side, halo_of(encoder, layers)).tiles:
        rows, columns = tile.rows, tile.columns
        down, across = view.region(size, (rows.low, rows.high), (columns.low, columns.high))
        features = encoder(view.orient(image[:, :, down, across]), layers)
        for layer, stride in strides.items():
            core = features.pop(layer)[:, :, rows.within(stride, height), columns.within(stride, width)]
            if core.numel():
                yield (
                    layer,
                    (rows.positions(stride, height), columns.positions(stride, width)),
                    core.contiguous(memory_format=torch.channels_last),
                )
