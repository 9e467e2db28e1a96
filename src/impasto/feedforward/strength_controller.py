"""Content weights that hold every strength at its distance from the photograph, as the optimiser's strength does."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from impasto.guidance import content_distance

# The logarithm of the weight is linearly interpolated between this many evenly spaced strengths.
KNOTS = 11
WEIGHT_RANGE = (0.02, 30.0)
# Change of the logarithm for one picture whose distance is e times the target.
GAIN = 0.04


class StrengthController:
    """Content weights as a function of strength, adapted to the content distances of the painted pictures.

    It starts with ``w(s) = at_0^(1 - s) at_1^s``. After each step, for a picture of strength s and content distance d,
    the logarithms of the weights at the two knots beside s move by ``.04 log(d / d*)``, weighted by nearness; d* is the
    distance that the optimiser holds at s. The logarithm is clamped to [-1, 1] and the weights to [.02, 30], so
    strengths whose distance cannot be reached get the largest weight.
    """

    def __init__(self, at_0: float, at_1: float) -> None:
        low, high = WEIGHT_RANGE
        first, last = (math.log(min(high, max(low, weight))) for weight in (at_0, at_1))
        self.logs = torch.linspace(first, last, KNOTS)

    def weights(self, strength: Tensor) -> Tensor:
        """Return the content weights `(B,)` of strengths `(B,)` in [0, 1]."""
        return torch.exp(self._nearness(strength) @ self.logs)

    def follow(self, strength: Tensor, distance: Tensor) -> None:
        """Adapt the weights to pictures painted at `strength` `(B,)` with the content `distance` `(B,)`."""
        target = torch.tensor([content_distance(s) for s in strength.tolist()])
        error = (distance.clamp_min(1e-6) / target).log().clamp(-1, 1)
        low, high = (math.log(weight) for weight in WEIGHT_RANGE)
        self.logs = (self.logs + GAIN * error @ self._nearness(strength)).clamp(low, high)

    @staticmethod
    def _nearness(strength: Tensor) -> Tensor:
        """Return the nearness of each knot to each strength, `(B, KNOTS)`: 1 at the knot, 0 from the next one on."""
        knots = torch.linspace(0, 1, KNOTS)
        return (1 - (strength[:, None] - knots).abs() * (KNOTS - 1)).clamp_min(0)
