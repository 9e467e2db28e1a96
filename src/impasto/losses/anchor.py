"""Terms that tie an image to a smaller one: the image that it adds detail to, or a layout of colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from impasto.imaging import resize
from impasto.losses.terms import PixelTerm


@dataclass(frozen=True, eq=False)
class AnchorTerm(PixelTerm):
    """Mean squared difference between ``target`` (1,3,h,w) and the image, resized to the target's size.

    Raises RecipeError as `PixelTerm` does.
    """

    name: ClassVar[str] = "anchor"
    target: Tensor

    def value(self, image: Tensor) -> Tensor:
        """Return the mean squared difference."""
        small = resize(image, (self.target.shape[2], self.target.shape[3]))
        return (small - self.target).square().mean()


@dataclass(frozen=True, eq=False)
class LayoutTerm(AnchorTerm):
    """Mean squared difference between the image's layout of colours and ``target``: a picture of a few pixels."""

    name: ClassVar[str] = "layout"
