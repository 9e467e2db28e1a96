"""Targets of a distillation: VGG-19's features, in full or in their leading principal components."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.encoders import Encoder
from impasto.training.pictures import OnProgress

RIDGE = 1e-9
"""Share of the total variance that regularises the least-squares fits of `choose_filters`."""


class Basis(NamedTuple):
    """Principal components of one layer: ``t = projection F``, (K,C) by (C,N).

    ``projection`` = V_K^T / sqrt(tr cov); ``mean`` (K) is the projected mean; ``share`` the part of the variance
    that K components carry; ``covariance`` (C,C) and ``feature_mean`` (C) are the layer's own.
    """

    projection: Tensor
    mean: Tensor
    share: float
    covariance: Tensor
    feature_mean: Tensor


def measure_bases(
    teacher: Encoder,
    components: Mapping[str, int],
    batches: Iterable[Tensor],
    *,
    total: int = 0,
    on_progress: OnProgress | None = None,
) -> dict[str, Basis]:
    """Return the basis of every layer from the covariance pooled over the positions of `batches` (B,3,h,w).

    components: number K of principal components by layer. Pixels are in [0, 1]. on_progress(done, total) is called
    after each batch; `total` is the number of batches.
    """
    second: dict[str, Tensor] = {}
    first: dict[str, Tensor] = {}
    count: dict[str, int] = {}
    with torch.no_grad():
        for done, images in enumerate(batches, start=1):
            for layer, features in teacher(images, list(components)).items():
                rows = features.float().permute(0, 2, 3, 1).flatten(0, 2)  # (N, C)
                second[layer] = second.get(layer, torch.zeros(())) + (rows.T @ rows).double().cpu()
                first[layer] = first.get(layer, torch.zeros(())) + rows.sum(0).double().cpu()
                count[layer] = count.get(layer, 0) + len(rows)
            if on_progress is not None:
                on_progress(done, total)
    return {
        layer: _basis(second[layer] / count[layer], first[layer] / count[layer], components[layer])
        for layer in components
    }


def _basis(second: Tensor, mean: Tensor, components: int) -> Basis:
    covariance = second - torch.outer(mean, mean)
    values, vectors = torch.linalg.eigh(covariance)
    values, vectors = values.flip(0), vectors.flip(1)[:, :components]
    projection = (vectors / covariance.trace().sqrt()).T  # (K, C)
    return Basis(
        projection.float().contiguous(),
        (projection @ mean).float(),
        float(values[:components].sum() / values.sum()),
        covariance,
        mean,
    )


class FullTeacher:
    """Computes targets that are the teacher's features themselves."""

    def __init__(self, encoder: Encoder, layers: Iterable[str]) -> None:
        self.encoder = encoder
        self.layers = list(layers)

    @torch.no_grad()
    def targets(self, images: Tensor) -> dict[str, Tensor]:
        """Return layer -> (B,C,h,w) features of `images` (B,3,H,W)."""
        return self.encoder.forward(images, self.layers)


class Teacher(FullTeacher):
    """Computes targets that are principal components of the teacher's features, with unit total variance."""

    def __init__(self, encoder: Encoder, projections: Mapping[str, Tensor]) -> None:
        super().__init__(encoder, projections)
        self._kernels = {
            layer: projection[:, :, None, None].to(encoder.dtype) for layer, projection in projections.items()
        }

    @torch.no_grad()
    def targets(self, images: Tensor) -> dict[str, Tensor]:
        """Return layer -> (B,K,h,w) components of the teacher's features of `images` (B,3,H,W)."""
        features = self.encoder(images, self.layers)
        return {layer: F.conv2d(features[layer], kernel) for layer, kernel in self._kernels.items()}


def choose_filters(basis: Basis, count: int) -> tuple[list[int], Tensor, Tensor]:
    """Choose `count` of a layer's channels that predict its components best, greedily.

    Returns their indices and the least-squares head on them: weight (K,count) and bias (K). The student's first
    layer starts from these filters.
    """
    covariance = basis.covariance
    target = basis.projection.double() @ covariance  # (K, C) covariance of components with channels
    chosen: list[int] = []
    for _ in range(count):
        best, gain = -1, -1.0
        for channel in range(len(covariance)):
            if channel in chosen:
                continue
            explained = float(_explained(covariance, target, [*chosen, channel]))
            if explained > gain:
                best, gain = channel, explained
        chosen.append(best)
    weight = _least_squares(covariance, target, chosen)
    bias = basis.mean.double() - weight @ basis.feature_mean[chosen]
    return chosen, weight.float(), bias.float()


def _explained(covariance: Tensor, target: Tensor, chosen: list[int]) -> Tensor:
    """Return the variance of the components that the `chosen` channels explain."""
    return (target[:, chosen] * _least_squares(covariance, target, chosen)).sum()


def _least_squares(covariance: Tensor, target: Tensor, chosen: list[int]) -> Tensor:
    """Return the weight (K,n) that predicts the components best from the n `chosen` channels, by ridge regression."""
    ridge = RIDGE * covariance.trace() * torch.eye(len(chosen), dtype=covariance.dtype)
    inner = covariance[chosen][:, chosen] + ridge
    weight: Tensor = torch.linalg.solve(inner, target[:, chosen].T).T
    return weight
