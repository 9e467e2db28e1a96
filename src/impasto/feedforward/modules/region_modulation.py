"""Modulation of tiled images, by frozen statistics, and by several styles in regions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.feedforward.modules.modulation import EPSILON, Modulation, apply_matrix
from impasto.feedforward.modules.transform import StyleParams
from impasto.imaging import area_average

Statistics = dict[int, tuple[Tensor, Tensor]]
"""Mean and variance `(C,)` of every channel, float32, by the index of the modulated layer."""


class StatisticsRecorder(Modulation):
    """Normalises by statistics pooled over the batch and all positions, and records them in `statistics`."""

    def __init__(self) -> None:
        self.statistics: Statistics = {}

    def normalise(self, x: Tensor, index: int) -> Tensor:
        """Return `x` `(B, C, h, w)` normalised as if its images were parts of one image."""
        variance, mean = torch.var_mean(x.float(), (0, 2, 3), correction=0)
        self.statistics[index] = (mean, variance)
        return F.batch_norm(x, mean, variance, eps=EPSILON)


class FrozenStatistics(Modulation):
    """Normalises by statistics that a `StatisticsRecorder` recorded, so that all tiles match."""

    def __init__(self, statistics: Statistics) -> None:
        self.statistics = statistics

    def normalise(self, x: Tensor, index: int) -> Tensor:
        """Return ``(x - mean) / sqrt(variance + epsilon)`` with the recorded mean and variance."""
        return F.batch_norm(x, *self.statistics[index], eps=EPSILON)

    def modulate(self, x: Tensor, matrix: Tensor, shift: Tensor, index: int) -> Tensor:
        """Normalise and modulate by one fused matrix and shift: features are read and written once."""
        mean, variance = self.statistics[index]
        scale = (variance + EPSILON).rsqrt()
        if matrix.ndim == 2:
            return apply_matrix(x, matrix * scale, shift - matrix * scale * mean)
        # Use the matrix as it will be rounded, so that the mean is subtracted exactly.
        rounded = (matrix * scale).to(x.dtype).float()
        return apply_matrix(x, rounded, shift - rounded @ mean)


class RegionModulation(Modulation):
    """Blends several styles in one image: ``sum_k mask_k (matrix_k x + shift_k)`` at every modulated layer.

    `masks` are weights `(B, 1, H, W)` at image size, one per style, that sum to 1 everywhere; each layer uses their
    averages over its positions. `inner` normalises. The style parameters passed to the network are ignored.
    """

    def __init__(self, styles: Sequence[StyleParams], masks: Sequence[Tensor], inner: Modulation) -> None:
        self.styles = styles
        self.masks = masks
        self.inner = inner
        self._scaled_masks: dict[tuple[int, int], list[Tensor]] = {}

    def normalise(self, x: Tensor, index: int) -> Tensor:
        """Return `x` normalised by `inner`."""
        return self.inner.normalise(x, index)

    def affine(self, x: Tensor, matrix: Tensor, shift: Tensor, index: int) -> Tensor:
        """Return every style's affine map of `x` `(B, C, h, w)`, weighted by its mask."""
        del matrix, shift
        size = (x.shape[2], x.shape[3])
        if size not in self._scaled_masks:
            stride = self.masks[0].shape[2] // size[0]
            self._scaled_masks[size] = [area_average(mask, *size, stride) for mask in self.masks]
        total = torch.zeros_like(x)
        for style, mask in zip(self.styles, self._scaled_masks[size], strict=True):
            total.addcmul_(apply_matrix(x, style.matrices[index], style.shifts[index]), mask.to(x.dtype))
        return total


def mix_style_params(styles: Sequence[StyleParams], weights: Sequence[float]) -> StyleParams:
    """Return the linear combination ``sum_k weight_k style_k`` of style parameters.

    Diagonal matrices are expanded where other styles have full ones.
    """
    matrices, shifts = [], []
    for index in range(len(styles[0].matrices)):
        parts = [style.matrices[index] for style in styles]
        if len({part.ndim for part in parts}) > 1:
            parts = [torch.diag_embed(part) if part.ndim == 2 else part for part in parts]
        matrices.append(_weighted_sum(parts, weights))
        shifts.append(_weighted_sum([style.shifts[index] for style in styles], weights))
    return StyleParams(tuple(matrices), tuple(shifts))


def _weighted_sum(parts: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    return torch.stack([part * weight for part, weight in zip(parts, weights, strict=True)]).sum(0)
