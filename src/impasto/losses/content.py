"""Content losses: weighted squared differences between the features of an image and of the content image."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from impasto.errors import RecipeError
from impasto.imaging.scratch import forget
from impasto.losses.registry import CONTENT_LOSSES
from impasto.losses.statistics import check_features, check_mask
from impasto.losses.sums import working_dtype

# Features of a flat image, or of a single position, have no variance. Their variance counts as at least this share of
# their mean square.
MIN_VARIANCE_SHARE = 1e-2
MIN_VARIANCE = 1e-8
# Features with more numbers are not copied to float32 at once.
LARGEST_WHOLE = 1 << 27


def content_scale(target: Tensor, normalisation: str, mask: Tensor | None = None) -> Tensor:
    """Return the factors `(B,)` by which `content_loss` multiplies sums of w (F - P)², for a `target` P.

    See `gatys_scale`, `mean_scale` and `variance_scale`. Raises RecipeError on an unknown normalisation or a mask
    that does not fit.
    """
    batch, _, height, width = check_features(target).shape
    scale = CONTENT_LOSSES.find(normalisation).load()
    if target.numel() > LARGEST_WHOLE and scale is variance_scale:
        return _large_variance_scale(target, mask)
    wide = target.detach().to(working_dtype(target))
    everywhere = wide.new_ones((1, 1, 1, 1)).expand(batch, 1, height, width)
    factors: Tensor = scale(wide, everywhere if mask is None else check_mask(mask, target))
    return factors


def gatys_scale(target: Tensor, mask: Tensor) -> Tensor:  # noqa: ARG001
    """Return 1/2 for each image: half the sum of squares (Gatys, Ecker, Bethge 2016, equation 1)."""
    return target.new_full((len(target),), 0.5)


def mean_scale(target: Tensor, mask: Tensor) -> Tensor:
    """Return 1 / (C W) with W = sum of w (N without a mask): the mean of squares (d2l.ai 14.12.5)."""
    return 1 / (target.shape[1] * mask.sum((1, 2, 3)))


def variance_scale(target: Tensor, mask: Tensor) -> Tensor:
    """Return 1 / (C W v) with the variance v = sum of w (P - mean_c)² / (C W) about each channel's weighted mean.

    v is at least 1 % of the mean of P², and at least 1e-8.
    """
    channels, total = target.shape[1], mask.sum((1, 2, 3))
    mean = (mask * target).sum((2, 3), keepdim=True) / total.view(-1, 1, 1, 1)
    variance = (mask * (target - mean).square()).sum((1, 2, 3)) / (channels * total)
    energy = (mask * target.square()).sum((1, 2, 3)) / (channels * total)
    return 1 / (channels * total * variance.maximum(MIN_VARIANCE_SHARE * energy).clamp_min(MIN_VARIANCE))


def _large_variance_scale(target: Tensor, mask: Tensor | None) -> Tensor:
    """Return `variance_scale` of large features, summed over bands of rows in float64."""
    batch, channels, height, width = target.shape
    rows = max(1, LARGEST_WHOLE // 16 // (batch * channels * width))
    total = target.new_zeros(batch, dtype=torch.float64)
    first = target.new_zeros(batch, channels, dtype=torch.float64)
    second = torch.zeros_like(total)
    for top in range(0, height, rows):
        band = target[:, :, top : top + rows].detach().float()
        weights = (
            band.new_ones((1, 1, *band.shape[2:])) if mask is None else mask[:, :, top : top + rows].float()
        )
        total += weights.expand(batch, 1, *band.shape[2:]).double().sum((1, 2, 3))
        weighted = band * weights
        first += weighted.double().sum((2, 3))
        second += (weighted * band).double().sum((1, 2, 3))
        forget()
    mean = first / total[:, None]
    energy = second / (channels * total)
    variance = energy - mean.square().sum(1) / channels
    share = variance.maximum(MIN_VARIANCE_SHARE * energy).clamp_min(MIN_VARIANCE)
    return (1 / (channels * total * share)).float()


def content_loss(
    features: Tensor,
    target: Tensor,
    normalisation: str,
    mask: Tensor | None = None,
    scale: Tensor | None = None,
) -> Tensor:
    """Return the content loss of `features` F against `target` P, a scalar in float32 (float64 for float64).

    F is `(B, C, H, W)`, P the same or with B = 1, `mask` w `(B or 1, 1, H, W)` non-negative; the loss is
    averaged over the images of the batch.

    * "gatys": 1/2 sum w (F - P)² (Gatys, Ecker, Bethge 2016, equation 1).
    * "mean": the mean of (F - P)² (d2l.ai 14.12.5; K. Crowson's style-transfer-pytorch).
    * "variance": "mean" divided by the variance of P: 0 at P, about 1 at P's mean, 2 for unrelated features with
      the same statistics. It does not change when the encoder's features are scaled (impasto's own).

    `scale` is `content_scale(target, normalisation, mask)`, for callers that reuse it. The mask is then not
    checked again. Raises RecipeError on an unknown normalisation or shapes that do not fit.
    """
    if features.shape[1:] != target.shape[1:] or target.shape[0] not in {1, features.shape[0]}:
        raise RecipeError(
            f"Content features {tuple(features.shape)} and their target {tuple(target.shape)} differ in "
            "shape; measure both at the same picture size."
        )
    if scale is None:
        scale = content_scale(target, normalisation, mask)
    if features.dtype == torch.bfloat16 and features.shape == target.shape:
        factors = (scale / len(scale)).view(-1, 1, 1, 1)
        if mask is not None:
            factors = factors * mask.to(factors)
        loss: Tensor = _SquaredError.apply(  # type: ignore[no-untyped-call]
            features, target.detach(), factors.detach()
        )
        return loss
    difference = check_features(features).to(working_dtype(features)) - target.detach()
    squares = difference.square()
    if mask is not None:
        squares = squares * mask.detach().to(squares)
    return (squares.sum((1, 2, 3)) * scale).mean()


class _SquaredError(torch.autograd.Function):
    """sum of s (F - P)² for bfloat16 F and factors s `(B, 1, 1, 1)` or `(B, 1, H, W)`, without float32 copies.

    The difference is rounded to bfloat16; its squares are summed in float32. Deviation from exact arithmetic:
    a relative error of 2^-9 per position, far below the rounding of F itself.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, target: Tensor, factors: Tensor) -> Tensor:
        difference = (features - target).to(features.dtype)
        ctx.save_for_backward(difference, factors)
        axes = (1, 2, 3) if factors.shape[2:] == (1, 1) else (1,)
        norms = torch.linalg.vector_norm(difference, dim=axes, keepdim=True, dtype=torch.float32)
        total: Tensor = (norms.square() * factors).sum()
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        difference, factors = ctx.saved_tensors
        return difference * (2 * gradient * factors).to(difference.dtype), None, None


def relative_error(features: Tensor, target: Tensor) -> float:
    """Return `content_loss` "variance" as a number, without gradient."""
    with torch.no_grad():
        return content_loss(features, target, "variance").item()
