"""Scale-free distance of means and covariances; `impasto.metrics` judges images by it too."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from impasto.losses.base import MomentLoss
from impasto.losses.statistics import Moments, MomentSums, average_moments

# An image of a single colour has no covariance to divide by. The norm of a layer's covariance counts as at least this
# share of the layer's mean square; any image with structure is far above it.
MIN_COVARIANCE_SHARE = 1e-4
MIN_ENERGY = 1e-12


class RelativeMomentLoss(MomentLoss[Moments]):
    """|mean - mean_s|² / (|mean_s|² + tr cov_s) + |cov - cov_s|²_F / |cov_s|²_F for a style s.

    The distance is 0 for equal moments, and from 1 to 2 for features that are all 0. It does not change when both
    feature maps are scaled alike, so distances of different layers and encoders can be added. It is not symmetric.
    Deviation for flat style images: |cov_s|_F counts as at least 1e-4 of |mean_s|² + tr cov_s.
    """

    def from_sums(self, sums: MomentSums) -> Moments:
        """Return the mean and second raw moment."""
        return sums.moments()

    def compare(self, measured: Moments, target: Moments) -> Tensor:
        """Return the scalar distance, relative to `target`, averaged over the batch."""
        return self.distances(measured, target).mean()

    def distances(self, measured: Moments, target: Moments) -> Tensor:
        """Return the distance `(B,)` of each image of the batch."""
        energy = target.energy.clamp_min(MIN_ENERGY)
        covariance = target.covariance
        size = covariance.square().sum((1, 2)).maximum((MIN_COVARIANCE_SHARE * energy).square())
        means = (measured.mean - target.mean).square().sum(1) / energy
        covariances = (measured.covariance - covariance).square().sum((1, 2)) / size
        return means + covariances

    def average_targets(self, targets: Sequence[Moments], weights: Sequence[float]) -> Moments:
        """Return the moments of the mixture."""
        return average_moments(targets, weights)
