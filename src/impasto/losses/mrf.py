"""Markov random field style loss: every patch of a feature map is compared with the most similar patch of the style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from impasto.errors import RecipeError
from impasto.losses.base import StyleLoss
from impasto.losses.registry import MRF_PATCH
from impasto.losses.statistics import check_features, check_mask
from impasto.losses.sums import working_dtype

# Patches on either side of a block of correlations: 2048 x 2048 float32 numbers are 16 MiB, and as many patches of 512
# channels are 36 MiB. A GPU is faster with larger blocks.
BLOCK = 2048
LARGE_BLOCK = 8192
MIN_ENERGY = 1e-12


@dataclass(frozen=True, eq=False)
class MapPatches:
    """The patches of one feature map, described by the indices of their positions.

    `rows` `(N, C)` are the features of all positions. Patch i consists of the positions `corners[i] + offsets[k]`,
    with `corners` `(n,)` and `offsets` `(9,)`. `weights` `(n,)` are the weights of the patches, which sum to 1.
    `norms` `(n,)` are the Euclidean norms of the patches, without gradient.
    """

    rows: Tensor
    corners: Tensor
    offsets: Tensor
    weights: Tensor
    norms: Tensor

    def take(self, corners: Tensor) -> Tensor:
        """Return the patches at `corners` as vectors `(n, 9 C)`."""
        return self.rows[corners[:, None] + self.offsets].flatten(1)


@dataclass(frozen=True, eq=False)
class PatchSample:
    """The patches of each image of a batch."""

    maps: tuple[MapPatches, ...]


class MRFLoss(StyleLoss[PatchSample]):
    """Mean squared distance of the 3x3 patches of a feature map from their most similar patches in the style.

    With the patches P_i of the image and Q_j of the style image, vectors of 9 C numbers, and weights w_i that sum to 1:
    sum_i w_i |P_i - Q_NN(i)|² / mean_j |Q_j|², where NN(i) = argmax_j P_i · Q_j / (|P_i| |Q_j|), the normalised
    cross-correlation. It is 0 for the style image itself, and does not change when both feature maps are scaled alike.

    Patches are matched again at every call, without gradient, in blocks: time grows with the product of the two
    numbers of patches, memory with their sum. Without a mask w_i = 1/n for n patches. A patch counts if its 9
    positions all have a weight above 0, and then by the smallest of them; in the style image, such patches may be
    matched and their weights have no effect.

    Source: Li and Wand, "Combining Markov Random Fields and Convolutional Neural Networks for Image Synthesis", CVPR
    2016, section 3.1, equations 2 and 3. Deviation: the paper's loss is the plain sum over i of |P_i - Q_NN(i)|²,
    n mean_j |Q_j|² times this one; divided by both, one weight serves all sizes, layers and encoders. Deviation: the
    paper also matches rotated and scaled copies of the style image. Raises RecipeError on maps or masks without a
    3x3 patch.
    """

    def measure(self, features: Tensor, mask: Tensor | None = None) -> PatchSample:
        """Return the features without gradient; memory grows with the image."""
        return _sample(features.detach(), mask)

    def distance(self, features: Tensor, target: PatchSample, mask: Tensor | None = None) -> Tensor:
        """Return the scalar distance of `features` from the most similar patches of `target`; see `StyleLoss`."""
        sample = _sample(features, mask)
        total = features.new_zeros((), dtype=working_dtype(features))
        for index, image in enumerate(sample.maps):
            style = target.maps[index if len(target.maps) > 1 else 0]
            energy = style.norms.square().mean().clamp_min(MIN_ENERGY)
            total = total + matched_distance(image, style, nearest_patches(image, style)) / energy
        return total / len(sample.maps)

    def average_targets(self, targets: Sequence[PatchSample], weights: Sequence[float]) -> PatchSample:  # noqa: ARG002
        """Raise RecipeError: patches have no average that is a style between them."""
        raise RecipeError(
            "The MRF loss cannot mix styles, because each patch is matched with one patch; use one style, or another "
            "loss: gram, moments, wasserstein."
        )


def nearest_patches(image: MapPatches, style: MapPatches) -> Tensor:
    """Return the index `(n,)` of the patch of `style` with the largest normalised cross-correlation, without gradient.

    The norm of the image's patch does not change the order, so only the style's patches are divided by theirs.
    """
    block = BLOCK if image.rows.device.type == "cpu" else LARGE_BLOCK
    nearest = torch.zeros_like(image.corners)
    with torch.no_grad(), torch.autocast(image.rows.device.type, enabled=False):
        for start in range(0, len(image.corners), block):
            patches = image.take(image.corners[start : start + block])
            best = patches.new_full((len(patches),), -torch.inf)
            chosen = nearest[start : start + block]
            for first in range(0, len(style.corners), block):
                others = style.take(style.corners[first : first + block])
                others /= style.norms[first : first + block, None].clamp_min(MIN_ENERGY)
                values, indices = (patches @ others.T).max(1)
                better = values > best
                chosen[better] = indices[better] + first
                best = best.maximum(values)
    return nearest


def matched_distance(image: MapPatches, style: MapPatches, matches: Tensor) -> Tensor:
    """Return the scalar sum of w_i |P_i - Q_matches[i]|², differentiable with respect to `image.rows` alone."""
    distance: Tensor = _MatchedDistance.apply(image.rows, image, style, matches)  # type: ignore[no-untyped-call]
    return distance


class _MatchedDistance(torch.autograd.Function):
    """The sum and its gradient in one pass over the 9 positions of the patches; no patches are stored."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, image: MapPatches, style: MapPatches, matches: Tensor) -> Tensor:
        total, gradient = rows.new_zeros(()), torch.zeros_like(rows)
        corners, weights = style.corners[matches], image.weights[:, None]
        for here, there in zip(image.offsets, style.offsets, strict=True):
            positions = image.corners + here
            difference = rows[positions] - style.rows[corners + there]
            weighted = difference * weights
            total += (weighted * difference).sum()
            gradient.index_add_(0, positions, weighted, alpha=2)
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        (gradient,) = ctx.saved_tensors
        return grad * gradient, None, None, None


def _sample(features: Tensor, mask: Tensor | None) -> PatchSample:
    batch, _, height, width = check_features(features).shape
    if min(height, width) < MRF_PATCH:
        raise RecipeError(
            f"The MRF loss compares patches of {MRF_PATCH}x{MRF_PATCH} positions, but a feature map has {height}x"
            f"{width}; use a larger image, or style layers that are not as deep."
        )
    weights = features.new_ones((1, 1, height, width), dtype=working_dtype(features))
    weights = (weights if mask is None else check_mask(mask, features)).expand(batch, -1, -1, -1)
    smallest = -functional.max_pool2d(-weights, MRF_PATCH, stride=1)
    rows = features.to(working_dtype(features)).permute(0, 2, 3, 1).reshape(batch, height * width, -1)
    steps = torch.arange(MRF_PATCH, device=features.device)
    offsets = (steps[:, None] * width + steps).flatten()
    places = (torch.arange(height - MRF_PATCH + 1, device=features.device)[:, None] * width).expand(
        -1, width - MRF_PATCH + 1
    ) + torch.arange(width - MRF_PATCH + 1, device=features.device)
    return PatchSample(
        tuple(
            _patches(image, places.flatten(), offsets, share)
            for image, share in zip(rows, smallest.flatten(1), strict=True)
        )
    )


def _patches(rows: Tensor, places: Tensor, offsets: Tensor, weights: Tensor) -> MapPatches:
    """Return the patches of one map whose `weights` `(n,)` are above 0; `places` `(n,)` are the corners of all."""
    counted = weights > 0
    if not counted.any():
        raise RecipeError(
            f"The MRF loss compares patches of {MRF_PATCH}x{MRF_PATCH} positions, but a mask leaves none whole at a "
            "style layer; use a larger region or image, or style layers that are not as deep."
        )
    corners, weights = places[counted], weights[counted]
    squares = rows.detach().square().sum(1)
    norms = squares[corners[:, None] + offsets].sum(1).sqrt()
    return MapPatches(rows, corners, offsets, weights / weights.sum(), norms)
