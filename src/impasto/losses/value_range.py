"""Value range loss: a penalty on pixels outside [0, 1]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from impasto.losses.terms import check_term_weight


def value_range_loss(image: Tensor) -> Tensor:
    """Return the mean of (x - clamp(x, 0, 1))² over all values x of `image` `(B, C, H, W)`: a scalar, 0 within [0, 1].

    Its gradient is 2 (x - clamp(x, 0, 1)) / (number of values), continuous at 0 and 1. Source: K. Crowson, CLIP guided
    diffusion (2021), `range_loss`. Deviation: the source's pixels lie in [-1, 1], so its value is 4 times this one.
    """
    return (image - image.clamp(0, 1)).square().mean()


@dataclass(frozen=True, eq=False)
class ValueRangeTerm:
    """`value_range_loss` of the image. Raises RecipeError on a negative or non-finite weight."""

    weight: float

    def __post_init__(self) -> None:
        check_term_weight(self.weight, self.names[0])

    @property
    def names(self) -> tuple[str]:
        """Always "value_range"."""
        return ("value_range",)

    @property
    def weights(self) -> tuple[float]:
        """The weight alone."""
        return (self.weight,)

    @property
    def layer(self) -> None:
        """None: the term reads pixels."""
        return None

    def __call__(self, features: Mapping[str, Tensor], image: Tensor) -> Tensor:  # noqa: ARG002
        """Return the unweighted value `(1,)`; see `Term`."""
        return value_range_loss(image).view(1)
