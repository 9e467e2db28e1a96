"""Term that ties a large image to the smaller image that it adds detail to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from impasto.errors import RecipeError
from impasto.imaging import resize


@dataclass(frozen=True, eq=False)
class AnchorTerm:
    """Mean squared difference between ``target`` (1,3,h,w) and the image, resized to the target's size.

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
        """None: the term reads pixels."""
        return None

    def __call__(self, features: Mapping[str, Tensor], image: Tensor) -> Tensor:  # noqa: ARG002
        """Return the unweighted mean squared difference `(1,)`; see `Term`."""
        small = resize(image, (self.target.shape[2], self.target.shape[3]))
        return (small - self.target).square().mean().reshape(1)
