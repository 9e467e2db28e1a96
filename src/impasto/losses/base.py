"""What every style loss promises: measure a picture once, then compare others with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from torch import Tensor

from impasto.losses.statistics import MomentSums, moment_sums

Target = TypeVar("Target")


class StyleLoss(ABC, Generic[Target]):
    """A distance between the styles of two feature maps `(B, C, H, W)` of any, also different, sizes.

    `weight` is a map `(B or 1, 1, H, W)` of how much each position counts (a mask); targets with B = 1
    serve batches of any size, and `distance` is averaged over the batch. Features or weights of a wrong
    shape raise RecipeError as in `moment_sums`.
    """

    name: str

    @abstractmethod
    def measure(self, features: Tensor, weight: Tensor | None = None) -> Target:
        """Return what is remembered of the style of `features`."""

    @abstractmethod
    def distance(self, features: Tensor, target: Target, weight: Tensor | None = None) -> Tensor:
        """Return the distance of `features` from `target`: a scalar, float32 (float64 for float64)."""

    @abstractmethod
    def mix(self, targets: Sequence[Target], weights: Sequence[float]) -> Target:
        """Return the style between `targets` with `weights` (brought to sum 1).

        Raises RecipeError on weights off the simplex, or if this loss has no such thing.
        """


class MomentLoss(StyleLoss[Target]):
    """A style loss that needs nothing but moments, and so can be summed over the tiles of a picture.

    For exact tiles add the `moment_sums` of all tiles, then `compare(from_sums(sums), target)` is what
    `distance` gives for the whole picture, and is differentiable with respect to the sums.
    """

    @abstractmethod
    def from_sums(self, sums: MomentSums) -> Target:
        """Return what `measure` gives for a picture with these sums."""

    @abstractmethod
    def compare(self, measured: Target, target: Target) -> Tensor:
        """Return the scalar distance between two measured styles."""

    def measure(self, features: Tensor, weight: Tensor | None = None) -> Target:
        """Return what is remembered of the style of `features`; see `StyleLoss`."""
        return self.from_sums(moment_sums(features, weight))

    def distance(self, features: Tensor, target: Target, weight: Tensor | None = None) -> Tensor:
        """Return the scalar distance of `features` from `target`; see `StyleLoss`."""
        return self.compare(self.measure(features, weight), target)
