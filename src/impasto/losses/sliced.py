"""Sliced Wasserstein style loss: distributions of features along random directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.errors import RecipeError
from impasto.losses.base import StyleLoss
from impasto.losses.statistics import check_features, check_mask
from impasto.losses.sums import working_dtype


@dataclass(frozen=True, eq=False)
class FeatureSample:
    """The features of each image as points `(C, N)`, and their masses `(N,)` if they differ.

    Positions of weight 0 are left out; masses sum to 1.
    """

    points: tuple[Tensor, ...]
    masses: tuple[Tensor | None, ...]


class SlicedWassersteinLoss(StyleLoss[FeatureSample]):
    """Mean over directions of the squared Wasserstein-2 distance of the features projected on them.

    In one dimension it is the mean of (sorted F - sorted F_s)². Each call of `distance` draws
    `projections` new directions, at most and by default C, from `generator`. The generator is on the CPU, so the
    same seed gives the same directions on every device; save `generator.get_state()` to resume.
    Source: Heitz, Vanhoey, Chambon, Belcour, "A sliced Wasserstein loss for neural texture synthesis",
    2021, section 4. Deviation: directions are orthonormal (still uniformly random), which varies less
    from call to call than independent ones. Deviation: styles of another size are compared through
    their linearly interpolated quantiles, where the paper repeats pixels. Raises RecipeError on fewer than one
    projection.
    """

    def __init__(
        self, projections: int | None = None, *, seed: int = 0, generator: torch.Generator | None = None
    ) -> None:
        if projections is not None and projections < 1:
            raise RecipeError(
                f"The sliced loss needs at least 1 projection, not {projections}; "
                "leave it out for as many as the layer has channels."
            )
        self.projections = projections
        self.generator = generator or torch.Generator().manual_seed(seed)

    def measure(self, features: Tensor, mask: Tensor | None = None) -> FeatureSample:
        """Return the features without gradient; memory grows with the image."""
        return _sample(features.detach(), mask)

    def distance(self, features: Tensor, target: FeatureSample, mask: Tensor | None = None) -> Tensor:
        """Return the scalar distance along fresh directions; see `StyleLoss`."""
        sample = _sample(features, mask)
        channels = features.shape[1]
        axes = self.directions(channels).to(sample.points[0])
        total = sample.points[0].new_zeros(())
        with torch.autocast(features.device.type, enabled=False):
            for index, (points, masses) in enumerate(zip(sample.points, sample.masses, strict=True)):
                other = index if len(target.points) > 1 else 0
                total = total + _distance(
                    axes @ points, masses, axes @ target.points[other], target.masses[other]
                )
        return total / len(sample.points)

    def average_targets(self, targets: Sequence[FeatureSample], weights: Sequence[float]) -> FeatureSample:  # noqa: ARG002
        """Raise RecipeError: samples have no average that is a style between them."""
        raise RecipeError(
            "The sliced loss cannot mix styles; use one style, or another loss: gram, moments, wasserstein."
        )

    def directions(self, channels: int) -> Tensor:
        """Draw orthonormal directions `(k, C)` in float64, uniform over all such sets (Stewart 1980)."""
        count = min(self.projections or channels, channels)
        normal = torch.randn(channels, count, generator=self.generator, dtype=torch.float64)
        axes, upper = torch.linalg.qr(normal)
        # QR decompositions leave the signs open; without this the directions would not be uniform.
        uniform: Tensor = axes * upper.diagonal().sign()
        return uniform.T


def _sample(features: Tensor, mask: Tensor | None) -> FeatureSample:
    points = check_features(features).to(working_dtype(features)).flatten(2)
    if mask is None:
        return FeatureSample(tuple(points), (None,) * len(points))
    weights = check_mask(mask, features).flatten(1)
    positive = [row > 0 for row in weights]
    return FeatureSample(
        tuple(image[:, keep] for image, keep in zip(points, positive, strict=True)),
        tuple(row[keep] / row[keep].sum() for row, keep in zip(weights, positive, strict=True)),
    )


def _distance(values: Tensor, masses: Tensor | None, others: Tensor, other_masses: Tensor | None) -> Tensor:
    """Mean over rows of the squared Wasserstein-2 distance between `(k, N)` values and `(k, M)` others.

    Exact for N = M without masses; otherwise the others' quantile function is interpolated at the values' ranks.
    """
    if masses is None and other_masses is None and values.shape == others.shape:
        return (values.sort(1).values - others.sort(1).values).square().mean()
    ranked, portions, ranks = _quantiles(values, masses)
    known, _, known_ranks = _quantiles(others, other_masses)
    expected = _interpolate(known, known_ranks, ranks)
    return ((ranked - expected).square() * portions).sum(1).mean()


def _quantiles(values: Tensor, masses: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Values in order, the mass of each, and the rank in (0, 1) at its middle; all `(k, N)`."""
    ranked, order = values.sort(1)
    if masses is None:
        portions = torch.full_like(ranked, 1 / ranked.shape[1]).detach()
        middles = torch.arange(ranked.shape[1], device=ranked.device, dtype=ranked.dtype) + 0.5
        return ranked, portions, (middles / ranked.shape[1]).expand_as(ranked).contiguous()
    portions = masses[order]
    return ranked, portions, portions.cumsum(1) - portions / 2


def _interpolate(values: Tensor, ranks: Tensor, wanted: Tensor) -> Tensor:
    """Interpolate `values` (k, M), given at increasing `ranks`, linearly at `wanted` (k, N); constant past the ends."""
    if values.shape[1] == 1:
        return values.expand_as(wanted)
    right = torch.searchsorted(ranks, wanted).clamp(1, values.shape[1] - 1)
    low, high = ranks.gather(1, right - 1), ranks.gather(1, right)
    fraction = ((wanted - low) / (high - low)).clamp(0, 1)
    return torch.lerp(values.gather(1, right - 1), values.gather(1, right), fraction)
