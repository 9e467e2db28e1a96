"""Term that ties a large image to the smaller image that it adds detail to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from impasto.imaging import resize
from impasto.losses.terms import check_term_weight


@dataclass(frozen=True, eq=False)
class AnchorTerm:
    """Mean squared difference between ``target`` (1,3,h,w) and the image, resized to the target's size.

    Raises RecipeError on a negative or non-finite weight.
    """

    weight: float
    target: Tensor

    def __post_init__(self) -> None:
        check_term_weight(self.weight, self.names[0])

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
