"""Value range loss: a penalty on pixels outside [0, 1]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from impasto.losses.bands import Band
from impasto.losses.terms import PixelTerm


def value_range_loss(image: Tensor) -> Tensor:
    """Return the mean of (x - clamp(x, 0, 1))² over all values x of `image` `(B, C, H, W)`: a scalar, 0 within [0, 1].

    Its gradient is 2 (x - clamp(x, 0, 1)) / (number of values), continuous at 0 and 1. Source: K. Crowson, CLIP guided
    diffusion (2021), `range_loss`. Deviation: the source's pixels lie in [-1, 1], so its value is 4 times this one.
    """
    return (image - image.clamp(0, 1)).square().mean()


@dataclass(frozen=True, eq=False)
class ValueRangeTerm(PixelTerm):
    """`value_range_loss` of the image. Raises RecipeError as `PixelTerm` does."""

    name: ClassVar[str] = "value_range"

    def value(self, image: Tensor) -> Tensor:
        """Return the value range loss of `image`."""
        return value_range_loss(image)

    def part(self, band: Band) -> tuple[Tensor, ...]:
        """Return the share of a band; see `BandedTerm`."""
        return (value_range_loss(band.core) * ((band.last - band.first) / band.height),)

    def total(self, sums: Sequence[Tensor]) -> Tensor:
        """Return the value `(1,)`; see `BandedTerm`."""
        return sums[0].view(1)
