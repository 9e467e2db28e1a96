"""Gaussian Wasserstein-2 style loss with an exact and fast gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from impasto.losses.base import MomentLoss
from impasto.losses.statistics import Moments, MomentSums, average_moments

# Added to the diagonal of every covariance, as in the source.
RIDGE = 1e-4
# Eigenvalues of S_s^½ S S_s^½ below this fraction of the largest are rounding errors of float32 statistics. The
# gradient treats them as that fraction. Measured on VGG-19: gradients change by less than 3e-4.
ROUNDING = 1e-11


@dataclass(frozen=True, eq=False)
class Gaussian(Moments):
    """Moments that cache the square root of their covariance."""

    @cached_property
    def root(self) -> Tensor:
        """(covariance + 1e-4 I)^½ `(B, C, C)` in float64, without gradient."""
        values, vectors = torch.linalg.eigh(_wide(_ridged(self.covariance.detach())))
        root: Tensor = (vectors * values.clamp_min(RIDGE).sqrt().unsqueeze(1)) @ vectors.mT
        return root


class WassersteinLoss(MomentLoss[Gaussian]):
    """The squared Wasserstein-2 distance of Gaussians with the features' means and covariances, over C.

    mean_c (mean - mean_s)² + tr(S + S_s - 2 (S_s^½ S S_s^½)^½) / C with S = covariance + 1e-4 I, C
    channels. Source: K. Crowson, style-transfer-pytorch, `StyleLossW2`; the distance is Olkin and
    Pukelsheim 1982. Deviation: the square root is taken by eigenvalues in float64 and not by 12
    Newton-Schulz steps in float32. On VGG-19 features it is as fast or faster (0.2, 0.9, 9, 70 ms for 64,
    128, 256, 512 channels on two cores against 0.3, 1.2, 15, 110) and exact, where the iteration is off by
    4 to 15 % and does not give 0 for equal images.
    """

    def from_sums(self, sums: MomentSums) -> Gaussian:
        """Return the mean and second raw moment."""
        moments = sums.moments()
        return Gaussian(moments.mean, moments.second)

    def compare(self, measured: Gaussian, target: Gaussian) -> Tensor:
        """Return the scalar distance, averaged over the batch; no gradient flows to `target`."""
        means = (measured.mean - target.mean).square().mean(1)
        channels = measured.mean.shape[1]
        spreads: Tensor = _Bures.apply(  # type: ignore[no-untyped-call]
            measured.covariance, target.covariance.detach(), target.root
        )
        return (means + spreads / channels).mean()

    def average_targets(self, targets: Sequence[Gaussian], weights: Sequence[float]) -> Gaussian:
        """Return the Gaussian with the moments of the mixture."""
        mixed = average_moments(targets, weights)
        return Gaussian(mixed.mean, mixed.second)


class _Bures(torch.autograd.Function):
    """tr(S + S_s - 2 (R S R)^½) `(B,)` for covariances before the ridge and R = S_s^½.

    Its gradient with respect to S is I - R (R S R)^-½ R, one more product after the eigenvalues. Non-finite
    covariances give NaN rather than an error, so that the engine can recover.
    """

    @staticmethod
    def forward(ctx: Any, covariance: Tensor, target: Tensor, root: Tensor) -> Tensor:
        with torch.autocast(covariance.device.type, enabled=False):
            inner = root @ _wide(_ridged(covariance)) @ root
            inner = (inner + inner.mT) / 2
            if not torch.isfinite(inner).all():
                ctx.save_for_backward(torch.full_like(covariance, torch.nan))
                return covariance.new_full((len(covariance),), torch.nan)
            values, vectors = torch.linalg.eigh(inner)
            traces = _trace(_ridged(covariance)) + _trace(_ridged(target))
            distance: Tensor = traces - 2 * values.clamp_min(0).sqrt().sum(1)
            # Both covariances are at least 1e-4 I, so no eigenvalue is really below its square.
            floor = (ROUNDING * values[:, -1:]).clamp_min(RIDGE**2)
            reach = root @ vectors
            transport = (reach / values.maximum(floor).sqrt().unsqueeze(1)) @ reach.mT
            ctx.save_for_backward(_identity(covariance) - transport.to(covariance))
        return distance.to(covariance)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = ctx.saved_tensors
        return grad[:, None, None] * slope, None, None


def _ridged(covariance: Tensor) -> Tensor:
    return covariance + RIDGE * _identity(covariance)


def _identity(like: Tensor) -> Tensor:
    return torch.eye(like.shape[-1], dtype=like.dtype, device=like.device)


def _wide(matrix: Tensor) -> Tensor:
    """Return the matrix in float64, on the CPU if its device does not support float64."""
    return matrix.to("cpu" if matrix.device.type == "mps" else matrix.device, torch.float64)


def _trace(matrix: Tensor) -> Tensor:
    return _wide(matrix).diagonal(dim1=1, dim2=2).sum(1)
