"""How far an encoder sees: the context that a tile of an image needs to have the features of the whole image."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import NamedTuple
from weakref import WeakKeyDictionary

import torch

from impasto.encoders.base import Encoder
from impasto.errors import RecipeError

# Longer side of the first probe in pixels, and of the last; an encoder that sees farther has no tiles.
FIRST_PROBE, LAST_PROBE = 512, 4096
_KNOWN: WeakKeyDictionary[Encoder, dict[frozenset[str], Halo]] = WeakKeyDictionary()


class Halo(NamedTuple):
    """Tiles start at multiples of ``alignment`` pixels and need ``pixels`` more on every side, also a multiple."""

    alignment: int
    pixels: int


def halo_of(encoder: Encoder, layers: Collection[str]) -> Halo:
    """Return the halo that tiles need for ``layers``.

    It is measured: half of an image is made of NaN, and every feature that becomes NaN sees that half. This holds
    for any network whose features depend on a neighbourhood. Raises RecipeError for a network that sees the whole
    image.
    """
    known = _KNOWN.setdefault(encoder, {})
    key = frozenset(layers)
    if key not in known:
        known[key] = _measure(encoder, key)
    return known[key]


@torch.no_grad()
def _measure(encoder: Encoder, layers: Collection[str]) -> Halo:
    strides = {name: encoder.layers[layer].stride for name, layer in encoder.resolve(layers).items()}
    alignment = math.lcm(*strides.values()) if strides else 1
    side = math.ceil(FIRST_PROBE / (2 * alignment)) * 2 * alignment
    while side <= LAST_PROBE:
        reach = max(
            (_reach(encoder, strides, side, alignment, *way) for way in ((0, 0), (0, 1), (1, 0), (1, 1))),
            default=0,
        )
        if reach < side // 2:
            return Halo(alignment, math.ceil(reach / alignment) * alignment)
        side *= 2
    raise RecipeError(
        f"A feature of encoder '{encoder.name}' depends on the whole picture, so that it cannot be painted in tiles; "
        "choose a smaller --size, or another --encoder."
    )


def _reach(encoder: Encoder, strides: dict[str, int], side: int, alignment: int, axis: int, end: int) -> int:
    """Return how many pixels beyond the middle of an image features are NaN, with the half at one ``end`` NaN."""
    middle = side // 2
    # The other side has room for the padding of every layer.
    image = torch.full((1, 3, 2 * alignment, side), 0.5, device=next(encoder.parameters()).device)
    image[..., middle:] = torch.nan
    if not end:
        image = image.flip(3)
    features = encoder(image.transpose(2, 3) if axis else image, list(strides))
    reach = 0
    for name, stride in strides.items():
        nan = features[name].isnan().any(1)[0]  # (H, W)
        columns = nan.any(1 if axis else 0)
        places = (columns.flip(0) if end else columns).nonzero()
        reach = max(reach, (int(places.amax()) + 1) * stride - middle)
    return reach
