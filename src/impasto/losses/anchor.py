"""Terms that tie an image to a smaller one: the image that it adds detail to, or a layout of colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from impasto.imaging import resize
from impasto.losses.bands import Band, resizing_matrix
from impasto.losses.terms import PixelTerm


@dataclass(frozen=True, eq=False)
class AnchorTerm(PixelTerm):
    """Mean squared difference between ``target`` (1,3,h,w) and the image, resized to the target's size.

    Raises RecipeError as `PixelTerm` does.
    """

    name: ClassVar[str] = "anchor"
    target: Tensor
    _kept: dict[tuple[int, int], tuple[Tensor, Tensor]] = field(default_factory=dict, init=False, repr=False)

    def value(self, image: Tensor) -> Tensor:
        """Return the mean squared difference."""
        small = resize(image, (self.target.shape[2], self.target.shape[3]))
        return (small - self.target).square().mean()

    @property
    def additive(self) -> bool:
        """False: the parts add up to the small image; see `BandedTerm`."""
        return False

    def part(self, band: Band) -> tuple[Tensor, ...]:
        """Return the share of a band in the image of the target's size, not clamped; see `BandedTerm`."""
        core = band.core
        down, across = self._matrices(band.height, core.shape[3], core.device)
        return (down[:, band.first : band.last] @ (core @ across.T),)

    def total(self, sums: Sequence[Tensor]) -> Tensor:
        """Return the mean squared difference `(1,)`; see `BandedTerm`."""
        return (sums[0].clamp(0, 1) - self.target).square().mean().view(1)

    def _matrices(self, height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
        if (height, width) not in self._kept:
            self._kept[height, width] = (
                resizing_matrix(height, self.target.shape[2]).to(device),
                resizing_matrix(width, self.target.shape[3]).to(device),
            )
        return self._kept[height, width]


@dataclass(frozen=True, eq=False)
class LayoutTerm(AnchorTerm):
    """Mean squared difference between the image's layout of colours and ``target``: a picture of a few pixels."""

    name: ClassVar[str] = "layout"
