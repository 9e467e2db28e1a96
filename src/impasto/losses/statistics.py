"""What a feature map is like wherever things are in it: its mean and second raw moment.

Both are averages over positions, so they add up over tiles, machines and styles; the covariance does not,
which is why it is only ever derived.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from impasto.errors import RecipeError

# Numbers a piece of a feature map has when its sums are taken: 1 MiB in float32, well within a core's cache.
CHUNK = 1 << 18


def working_dtype(features: Tensor) -> torch.dtype:
    """Return the dtype in which statistics of `features` are kept: float32, or float64 if they are."""
    return torch.promote_types(features.dtype, torch.float32)


@dataclass(frozen=True, eq=False)
class Moments:
    """The mean `(B, C)` and second raw moment `(B, C, C)` of feature maps, each image on its own.

    For a map F of C channels and N positions: mean = F 1 / N and second = F Fᵀ / N, in float32 or float64.
    """

    mean: Tensor
    second: Tensor

    @property
    def covariance(self) -> Tensor:
        """The covariance `(B, C, C)` = second - mean meanᵀ (divided by N, not N - 1)."""
        # A product of entries, not a matrix product: autocast leaves it in full precision.
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


def moment_sums(features: Tensor, weight: Tensor | None = None) -> MomentSums:
    """Return the sums over positions of w, w F and w F Fᵀ for `features` `(B, C, H, W)`.

    `weight` `(B or 1, 1, H, W)` is non-negative and positive somewhere, without it w = 1; no gradient flows
    to it. Sums are taken in float32 (float64 for float64 features) even under autocast. Raises RecipeError
    on another shape or on such a weight. A weight of zeros and ones gives the sums of the positions with 1.
    """
    batch, _, height, width = check_features(features).shape
    if weight is None:
        count = torch.full((batch,), height * width, dtype=working_dtype(features), device=features.device)
    else:
        weight = check_weight(weight, features)
        count = weight.sum((1, 2, 3))
    first, second = _Sums.apply(features, weight)  # type: ignore[no-untyped-call]
    return MomentSums(count, first, second)


def moments(features: Tensor, weight: Tensor | None = None) -> Moments:
    """Return the mean and second raw moment of `features` `(B, C, H, W)`, weighted if `weight` is given.

    See `moment_sums` for the shapes, the precision and the errors.
    """
    return moment_sums(features, weight).moments()


def mix(parts: Sequence[Moments], weights: Sequence[float]) -> Moments:
    """Return the moments of the mixture of `parts` with `weights`, which are brought to sum 1.

    Mean and second raw moment are both linear in the mixture, so the result is that of a real distribution;
    its covariance holds the spread within the parts and the spread between their means. Raises RecipeError
    as `simplex` does. Source: K. Crowson, style-transfer-pytorch, `StyleLossW2.get_target`.
    """
    return Moments(
        combine([part.mean for part in parts], weights), combine([part.second for part in parts], weights)
    )


def combine(tensors: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Return the weighted average of equally shaped `tensors`; raises RecipeError as `simplex` does."""
    shares = simplex(weights, len(tensors))
    return torch.stack([share * tensor for share, tensor in zip(shares, tensors, strict=True)]).sum(0)


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


def check_weight(weight: Tensor, features: Tensor) -> Tensor:
    """Return `weight` as `(B, 1, H, W)` in the working dtype of `features` `(B, C, H, W)`.

    Raises RecipeError on another shape, a negative or non-finite value, or an image without positive weight.
    """
    batch, _, height, width = features.shape
    if tuple(weight.shape) not in {(batch, 1, height, width), (1, 1, height, width)}:
        raise RecipeError(
            f"A weight map for features {tuple(features.shape)} has shape ({batch} or 1, 1, {height}, "
            f"{width}), not {tuple(weight.shape)}; resize the mask to the layer first."
        )
    weight = weight.detach().to(features.device, working_dtype(features))
    least, most = weight.flatten(1).aminmax(dim=1)
    if not (least.min() >= 0 and most.min() > 0 and most.max() < math.inf):
        raise RecipeError(
            "A weight map has finite values from 0 on and one above 0 in each image, "
            f"not {least.min().item():g} to {most.min().item():g}."
        )
    return weight.expand(batch, 1, height, width)


def is_channels_last(features: Tensor) -> bool:
    """Return whether the channels of one position of `(B, C, H, W)` lie next to each other in memory."""
    return features.is_contiguous(memory_format=torch.channels_last) and not features.is_contiguous()


class _Sums(torch.autograd.Function):
    """First and second raw sums with a backward pass of one matrix product.

    With X (N, C) the positions by channels and w the weights: first = Xᵀ w, second = Xᵀ diag(w) X, and so
    dX = diag(w) (X (G + Gᵀ) + 1 gᵀ). Autograd alone would spend two products on it; either memory layout
    is read as it lies and gets its gradient back in kind (measured: two thirds to half of the time).
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(features, weight)
        with torch.autocast(features.device.type, enabled=False):
            if weight is None and features.dtype == torch.bfloat16 and is_channels_last(features):
                return _chunked_sums(features)
            rows = _rows(features)
            weighted = rows if weight is None else rows * weight.flatten(2).transpose(1, 2)
            return weighted.sum(1), torch.bmm(weighted.transpose(1, 2), rows)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_first: Tensor, grad_second: Tensor) -> tuple[Tensor, None]:
        features, weight = ctx.saved_tensors
        symmetric = grad_second + grad_second.transpose(1, 2)
        batch, channels, height, width = features.shape
        # bfloat16 has the range of float32, and the gradient is rounded to it in any case.
        wide = features if features.dtype == torch.bfloat16 else features.to(working_dtype(features))
        symmetric, grad_first = symmetric.to(wide.dtype), grad_first.to(wide.dtype)
        rows = wide.flatten(2).transpose(1, 2)
        with torch.autocast(features.device.type, enabled=False):
            if is_channels_last(features):
                grad = torch.baddbmm(grad_first.unsqueeze(1), rows, symmetric)
                grad = grad.view(batch, height, width, channels).permute(0, 3, 1, 2)
            else:
                grad = torch.baddbmm(grad_first.unsqueeze(2), symmetric, rows.transpose(1, 2))
                grad = grad.view(features.shape)
        return (grad if weight is None else grad * weight).to(features.dtype), None


def _chunked_sums(features: Tensor) -> tuple[Tensor, Tensor]:
    """First `(B, C)` and second raw sums `(B, C, C)` of bfloat16 features, in float32 piece by piece.

    A float32 copy of a full-resolution layer does not fit into the processor's cache; its pieces do
    (measured: a third of the time).
    """
    rows = features.permute(0, 2, 3, 1).flatten(1, 2)  # (B, N, C)
    batch, _, channels = rows.shape
    first = torch.zeros(batch, channels, device=features.device)
    second = torch.zeros(batch, channels, channels, device=features.device)
    for piece in torch.split(rows, max(1, CHUNK // channels), dim=1):
        wide = piece.float()
        first += wide.sum(1)
        second.baddbmm_(wide.transpose(1, 2), wide)
    return first, second


def _rows(features: Tensor) -> Tensor:
    """Positions by channels `(B, N, C)` in the working dtype: a view for both memory layouts."""
    return features.to(working_dtype(features)).flatten(2).transpose(1, 2)
