"""Pictures seen through an encoder: what the measures need of each layer, from one pass."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from impasto.losses import Moments, moments

# A `LayerSummary` keeps the features at so many positions: all of a 128 x 128 map, a random part of larger ones.
MOST_POINTS = 128 * 128
SEED = 0


class FeatureExtractor(Protocol):
    """Anything that maps `(B, 3, H, W)` to features by layer name, such as an `impasto.encoders.Encoder`."""

    @property
    def layers(self) -> Mapping[str, Any]:
        """The layers that it has, by name."""
        ...

    def __call__(self, image: Tensor, layers: Collection[str]) -> Mapping[str, Tensor]:
        """Return the requested layers of `image`."""
        ...


@dataclass(frozen=True, eq=False)
class LayerSummary:
    """What the measures need of one layer of one picture; whole maps of a large picture would fill the memory.

    Attributes:
        moments: mean and second raw moment over all positions.
        positions: number of positions N.
        points: features `(1, C, 1, M)` at all positions, or at `MOST_POINTS` random ones, the same for equal sizes.
        whole: the map `(1, C, H, W)` itself, if it was asked for.
    """

    moments: Moments
    positions: int
    points: Tensor
    whole: Tensor | None

    @property
    def features(self) -> Tensor:
        """The map `(1, C, H, W)`; raises ValueError unless the measure's entry says that it needs whole maps."""
        if self.whole is None:
            raise ValueError("The map of this layer was not kept; set `whole` in the measure's entry.")
        return self.whole


def encode(
    picture: Tensor, extractor: FeatureExtractor | None, layers: Collection[str], whole: Collection[str]
) -> Mapping[str, LayerSummary]:
    """Return the summary of each of `layers` of one picture `(1, 3, H, W)`, with the maps of the layers in `whole`.

    The picture is encoded once, without gradient. Without an extractor or layers there is nothing to return.
    """
    if extractor is None or not layers:
        return {}
    with torch.no_grad():
        features_by_layer = extractor(picture, tuple(layers))
        return {layer: _summary(features, layer in whole) for layer, features in features_by_layer.items()}


def _summary(features: Tensor, whole: bool) -> LayerSummary:
    points = features.flatten(2)
    positions = points.shape[2]
    if positions > MOST_POINTS:
        generator = torch.Generator().manual_seed(SEED)
        chosen = torch.randperm(positions, generator=generator)[:MOST_POINTS]
        points = points[:, :, chosen.to(points.device)]
    return LayerSummary(moments(features), positions, points.unsqueeze(2), features if whole else None)
