"""Norms for pictures that are painted in parts: statistics pooled over a sample, kept, and codes by region."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.feedforward.modules.norms import EPSILON, Norms, mix_channels
from impasto.feedforward.modules.transform import StyleParams
from impasto.imaging import area_average

Statistics = dict[int, tuple[Tensor, Tensor]]
"""For each site the mean and the variance `(C,)` of every channel, float32."""


class StatisticsRecorder(Norms):
    """Normalises by statistics pooled over a batch and its positions, and keeps them in `statistics`."""

    def __init__(self) -> None:
        self.statistics: Statistics = {}

    def normalise(self, x: Tensor, site: int) -> Tensor:
        """Return `x` `(B, C, h, w)` as if its pictures were parts of one."""
        variance, mean = torch.var_mean(x.float(), (0, 2, 3), correction=0)
        self.statistics[site] = (mean, variance)
        return F.batch_norm(x, mean, variance, eps=EPSILON)


class FrozenStatistics(Norms):
    """Normalises by statistics that `StatisticsRecorder` found, so that every tile is painted alike."""

    def __init__(self, statistics: Statistics) -> None:
        self.statistics = statistics

    def normalise(self, x: Tensor, site: int) -> Tensor:
        """Return ``(x - mean) / sqrt(variance + epsilon)`` with the mean and variance of the site."""
        return F.batch_norm(x, *self.statistics[site], eps=EPSILON)

    def restyle(self, x: Tensor, matrix: Tensor, shift: Tensor, site: int) -> Tensor:
        """Return the same as in two steps, by one matrix and shift: features are read and written once."""
        mean, variance = self.statistics[site]
        scale = (variance + EPSILON).rsqrt()
        if matrix.ndim == 2:
            return mix_channels(x, matrix * scale, shift - matrix * scale * mean)
        # Of the matrix as it will be rounded, so that the mean is taken away exactly.
        whole = (matrix * scale).to(x.dtype).float()
        return mix_channels(x, whole, shift - whole @ mean)


class RegionNorms(Norms):
    """Paints several codes into one picture: ``sum_k mask_k (matrix_k x + shift_k)`` at every site.

    `masks` are weights `(B, 1, H, W)` of the picture's size, one a code, whose sum is 1 everywhere; each site sees
    their averages over its positions. `inner` normalises; the network's own code is not looked at.
    """

    def __init__(self, codes: Sequence[StyleParams], masks: Sequence[Tensor], inner: Norms) -> None:
        self.codes = codes
        self.masks = masks
        self.inner = inner
        self._scaled: dict[tuple[int, int], list[Tensor]] = {}

    def normalise(self, x: Tensor, site: int) -> Tensor:
        """Return what the norms inside make of `x`."""
        return self.inner.normalise(x, site)

    def mix(self, x: Tensor, matrix: Tensor, shift: Tensor, site: int) -> Tensor:
        """Return every code's mix of `x` `(B, C, h, w)`, weighted by its mask."""
        del matrix, shift
        size = (x.shape[2], x.shape[3])
        if size not in self._scaled:
            stride = self.masks[0].shape[2] // size[0]
            self._scaled[size] = [area_average(mask, *size, stride) for mask in self.masks]
        total = torch.zeros_like(x)
        for code, mask in zip(self.codes, self._scaled[size], strict=True):
            total.addcmul_(mix_channels(x, code.matrices[site], code.shifts[site]), mask.to(x.dtype))
        return total


def mix_codes(codes: Sequence[StyleParams], weights: Sequence[float]) -> StyleParams:
    """Return the linear combination ``sum_k weight_k code_k``, site by site.

    Diagonal matrices among full ones are written out first.
    """
    matrices, shifts = [], []
    for site in range(len(codes[0].matrices)):
        parts = [code.matrices[site] for code in codes]
        if len({part.ndim for part in parts}) > 1:
            parts = [torch.diag_embed(part) if part.ndim == 2 else part for part in parts]
        matrices.append(_weighted(parts, weights))
        shifts.append(_weighted([code.shifts[site] for code in codes], weights))
    return StyleParams(tuple(matrices), tuple(shifts))


def _weighted(parts: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    return torch.stack([part * weight for part, weight in zip(parts, weights, strict=True)]).sum(0)
