"""How far a large picture has gone from the small one that it adds detail to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from impasto.errors import RecipeError
from impasto.imaging import resize


@dataclass(frozen=True, eq=False)
class AnchorTerm:
    """The mean squared difference of the image, resized to the size of ``target`` (1,3,h,w), from it.

    Raises RecipeError on a negative or non-finite weight.
    """

    weight: float
    target: Tensor

    def __post_init__(self) -> None:
        if not (math.isfinite(self.weight) and self.weight >= 0):
            raise RecipeError(
                f"The weight of term 'anchor' is {self.weight}; give a finite number, 0 or more."
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Always "anchor"."""
        return ("anchor",)

    @property
    def weights(self) -> tuple[float, ...]:
        """The weight alone."""
        return (self.weight,)

    @property
    def layer(self) -> None:
        """None: it reads pixels."""
        return None

    def __call__(self, features: Mapping[str, Tensor], image: Tensor) -> Tensor:  # noqa: ARG002
        """Return the unweighted mean squared difference as a tensor of one value; see `Term`."""
        small = resize(image, (self.target.shape[2], self.target.shape[3]))
        return (small - self.target).square().mean().reshape(1)
