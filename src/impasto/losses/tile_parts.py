"""What the terms of a picture compute over one of its tiles, apart from the rest of the picture.

Parts hold the tensors of their tile only, so that they can be sent to another process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from impasto.losses.content import content_loss
from impasto.losses.regions import RegionPart
from impasto.losses.statistics import moment_sums

# A function of the features `(B, C, h, w)` of a tile that returns the sums of a term over it.
TilePart = Callable[[Tensor], tuple[Tensor, ...]]


@dataclass(frozen=True, eq=False)
class ContentPart:
    """`content_loss` over a tile; ``scale`` is that of the whole image."""

    target: Tensor
    normalisation: str
    mask: Tensor | None
    scale: Tensor

    def __call__(self, features: Tensor) -> tuple[Tensor, ...]:
        """Return the tile's share of the value."""
        return (content_loss(features, self.target, self.normalisation, self.mask, self.scale),)


@dataclass(frozen=True, eq=False)
class StylePart:
    """The moment sums over a tile, or over its share of every region."""

    regions: RegionPart | None = None

    def __call__(self, features: Tensor) -> tuple[Tensor, ...]:
        """Return count, first and second sums of every region."""
        sums = [moment_sums(features)] if self.regions is None else self.regions.sums(features)
        return tuple(part for region in sums for part in (region.count, region.first, region.second))
