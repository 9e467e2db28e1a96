"""Mean and second raw moment of feature maps over all positions.

Sums over the tiles of an image, or over machines, add up to the sums over everything. The covariance is not additive;
it is computed from the two moments.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.errors import RecipeError
from impasto.losses.position_blocks import single_region_blocks, unsorted_blocks
from impasto.losses.sums import block_sums, dense_sums, is_channels_last, working_dtype


@dataclass(frozen=True, eq=False)
class Moments:
    """The mean `(B, C)` and second raw moment `(B, C, C)` of feature maps, one per image.

    For a map F of C channels and N positions: mean = F 1 / N and second = F Fᵀ / N, in float32 or float64.
    """

    mean: Tensor
    second: Tensor

    @property
    def covariance(self) -> Tensor:
        """The covariance `(B, C, C)` = second - mean meanᵀ (divided by N, not N - 1)."""
        # An elementwise product, which autocast leaves in full precision, unlike a matrix product.
        return self.second - self.mean.unsqueeze(2) * self.mean.unsqueeze(1)

    @property
    def energy(self) -> Tensor:
        """The trace of the second raw moment `(B,)` = |mean|² + tr covariance: the mean of |F|²."""
        return self.second.diagonal(dim1=1, dim2=2).sum(1)


@dataclass(frozen=True, eq=False)
class MomentSums:
    """Moments before the division: `count` `(B,)`, `first` `(B, C)`, `second` `(B, C, C)`.

    Sums over the tiles of an image add up with `+` to the sums over the whole image.
    """

    count: Tensor
    first: Tensor
    second: Tensor

    def __add__(self, other: MomentSums) -> MomentSums:
        return MomentSums(self.count + other.count, self.first + other.first, self.second + other.second)

    def moments(self) -> Moments:
        """Return the averages: `first / count` and `second / count`."""
        return Moments(self.first / self.count[:, None], self.second / self.count[:, None, None])


def moment_sums(features: Tensor, mask: Tensor | None = None) -> MomentSums:
    """Return the sums over positions of w, w F and w F Fᵀ for `features` `(B, C, H, W)`.

    `mask` `(B or 1, 1, H, W)` is non-negative and positive somewhere; without it w = 1. It gets no gradient. Sums
    are taken in float32 (float64 for float64 features) even under autocast. A mask of zeros and ones gives the sums
    over the positions with 1. Raises RecipeError on another shape or an invalid mask.
    """
    batch, _, height, width = check_features(features).shape
    same_for_all = mask is None or len(mask) == 1
    if mask is None:
        count = torch.full((batch,), height * width, dtype=working_dtype(features), device=features.device)
    else:
        mask = check_mask(mask, features)
        count = mask.sum((1, 2, 3))
    if not (same_for_all and is_channels_last(features)):
        return MomentSums(count, *dense_sums(features, mask))
    if mask is None:
        return MomentSums(
            count, *block_sums(features, single_region_blocks(height * width, features.device))[0]
        )
    return MomentSums(count, *block_sums(features, unsorted_blocks(mask[:1].flatten(1)))[0])


def moments(features: Tensor, mask: Tensor | None = None) -> Moments:
    """Return the mean and second raw moment of `features` `(B, C, H, W)`, weighted if `mask` is given.

    See `moment_sums` for the shapes, the precision and the errors.
    """
    return moment_sums(features, mask).moments()


def average_moments(parts: Sequence[Moments], weights: Sequence[float]) -> Moments:
    """Return the moments of the mixture of `parts` with `weights`, which are divided by their sum.

    Mean and second raw moment are linear in the mixture, so the result belongs to a real distribution. Its covariance
    contains the spread within the parts and the spread between their means. Raises RecipeError as `simplex` does.
    Source: K. Crowson, style-transfer-pytorch, `StyleLossW2.get_target`.
    """
    return Moments(
        combine([part.mean for part in parts], weights), combine([part.second for part in parts], weights)
    )


def combine(tensors: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Return the weighted average of equally shaped `tensors`; raises RecipeError as `simplex` does."""
    normalised = simplex(weights, len(tensors))
    return torch.stack([weight * tensor for weight, tensor in zip(normalised, tensors, strict=True)]).sum(0)


def simplex(weights: Sequence[float], count: int) -> list[float]:
    """Return `weights` divided by their sum.

    Raises RecipeError unless they are `count` finite numbers, none negative and one positive: a negative
    weight can make the covariance of a mixture indefinite.
    """
    values = [float(weight) for weight in weights]
    if count == 0 or len(values) != count:
        raise RecipeError(f"{count} styles need as many mixing weights and at least one, not {len(values)}.")
    if not all(math.isfinite(value) and value >= 0 for value in values) or sum(values) <= 0:
        raise RecipeError(f"Mixing weights are numbers from 0 on, at least one above 0, not {values}.")
    return [value / sum(values) for value in values]


def check_features(features: Tensor) -> Tensor:
    """Return `features` if they are floating-point `(B, C, H, W)` with a position; else raise RecipeError."""
    if features.ndim != 4 or not features.is_floating_point() or features.numel() == 0:
        raise RecipeError(
            "A feature map is a non-empty floating-point tensor of shape (B, C, H, W), "
            f"not {features.dtype} {tuple(features.shape)}."
        )
    return features


def check_mask(mask: Tensor, features: Tensor) -> Tensor:
    """Return `mask` as `(B, 1, H, W)` in the working dtype of `features` `(B, C, H, W)`.

    Raises RecipeError on another shape, a negative or non-finite value, or a mask without positive values.
    """
    batch, _, height, width = features.shape
    if tuple(mask.shape) not in {(batch, 1, height, width), (1, 1, height, width)}:
        raise RecipeError(
            f"A mask for features {tuple(features.shape)} has shape ({batch} or 1, 1, {height}, "
            f"{width}), not {tuple(mask.shape)}; resize the mask to the layer first."
        )
    mask = mask.detach().to(features.device, working_dtype(features))
    return check_mask_values(mask).expand(batch, 1, height, width)


def check_mask_values(masks: Tensor) -> Tensor:
    """Return `masks` `(K, 1, H, W)` if none is negative or not finite and each map has a positive one.

    Raises RecipeError otherwise.
    """
    least, most = masks.flatten(1).aminmax(dim=1)
    if not (least.min() >= 0 and most.min() > 0 and most.max() < math.inf):
        raise RecipeError(
            "A mask has finite values from 0 on and one above 0 in each image, "
            f"not {least.min().item():g} to {most.min().item():g}."
        )
    return masks
