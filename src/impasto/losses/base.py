"""Base classes of style losses: measure a feature map once, then compare others with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from torch import Tensor

from impasto.losses.statistics import MomentSums, moment_sums

Target = TypeVar("Target")


class StyleLoss(ABC, Generic[Target]):
    """A distance between the styles of two feature maps `(B, C, H, W)`, which may differ in size.

    `mask` `(B or 1, 1, H, W)` says how much each position counts. A target with B = 1 serves batches of
    any size, and `distance` is averaged over the batch. Features or masks of a wrong shape raise RecipeError as
    in `moment_sums`.
    """

    @abstractmethod
    def measure(self, features: Tensor, mask: Tensor | None = None) -> Target:
        """Return the statistics of `features` that other features are compared with."""

    @abstractmethod
    def distance(self, features: Tensor, target: Target, mask: Tensor | None = None) -> Tensor:
        """Return the distance of `features` from `target`: a scalar, float32 (float64 for float64)."""

    @abstractmethod
    def average_targets(self, targets: Sequence[Target], weights: Sequence[float]) -> Target:
        """Return the weighted average of `targets`; `weights` are divided by their sum.

        Raises RecipeError on negative weights, on weights that are all 0, or if the loss has no such average.
        """


class MomentLoss(StyleLoss[Target]):
    """A style loss that is a function of moments, so it can be summed over the tiles of an image.

    For exact tiles, add the `moment_sums` of all tiles. `compare(from_sums(sums), target)` then equals `distance`
    for the whole image and is differentiable with respect to the sums.
    """

    @abstractmethod
    def from_sums(self, sums: MomentSums) -> Target:
        """Return what `measure` returns for an image with these sums."""

    @abstractmethod
    def compare(self, measured: Target, target: Target) -> Tensor:
        """Return the scalar distance between two measured styles."""

    def measure(self, features: Tensor, mask: Tensor | None = None) -> Target:
        """Return the statistics of `features`; see `StyleLoss`."""
        return self.from_sums(moment_sums(features, mask))

    def distance(self, features: Tensor, target: Target, mask: Tensor | None = None) -> Tensor:
        """Return the scalar distance of `features` from `target`; see `StyleLoss`."""
        return self.compare(self.measure(features, mask), target)
