"""Content weights that keep every strength at its distance from the photograph, as the optimiser's strength does."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from impasto.guidance import content_distance

# Strengths between which the logarithm of the weight is straight.
KNOTS = 11
WEIGHTS = (0.02, 30.0)
# How far the logarithms move for a distance e times as large as asked, by one picture.
PULL = 0.04


class StrengthController:
    """Content weights by strength, which follow the distances that the paintings of a training have.

    It begins with ``most^(1 - s) least^s``. After each step, for a picture of strength s and content distance d, the
    logarithms of the weights at the knots beside s move by ``.04 log(d / d*)``, shared by nearness; d* is the distance
    that the optimiser holds at s. The logarithm is cut to [-1, 1] and the weights to [.02, 30], so strengths whose
    distance cannot be reached get the largest weight.
    """

    def __init__(self, most: float, least: float) -> None:
        first, last = (math.log(min(WEIGHTS[1], max(WEIGHTS[0], weight))) for weight in (most, least))
        self.logs = torch.linspace(first, last, KNOTS)

    def weights(self, strength: Tensor) -> Tensor:
        """Return the content weights `(B,)` of strengths `(B,)` in [0, 1]."""
        return torch.exp(self._shares(strength) @ self.logs)

    def follow(self, strength: Tensor, distance: Tensor) -> None:
        """Move the weights after a step that painted at `strength` `(B,)` pictures of the content `distance` `(B,)`."""
        asked = torch.tensor([content_distance(s) for s in strength.tolist()])
        off = (distance.clamp_min(1e-6) / asked).log().clamp(-1, 1)
        least, most = (math.log(weight) for weight in WEIGHTS)
        self.logs = (self.logs + PULL * off @ self._shares(strength)).clamp(least, most)

    @staticmethod
    def _shares(strength: Tensor) -> Tensor:
        """Return how near each knot is to each strength `(B, KNOTS)`: 1 at it, 0 from the next one on."""
        at = torch.linspace(0, 1, KNOTS)
        return (1 - (strength[:, None] - at).abs() * (KNOTS - 1)).clamp_min(0)
