"""Gram matrix style loss of Gatys, Ecker and Bethge in its published normalisations."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from impasto.errors import RecipeError, unknown
from impasto.losses.base import MomentLoss
from impasto.losses.gram_normalisations import GRAM_NORMALISATIONS
from impasto.losses.statistics import MomentSums, combine


class GramLoss(MomentLoss[Tensor]):
    """Squared differences of Gram matrices G = F Fᵀ (C x C); the target is the divided matrix `(B, C, C)`.

    With C channels, M positions of the image, M' positions of the style image and its Gram matrix A:

    * "gatys": 1/(4 C²) sum (G/M - A/M')² (Gatys et al. 2016, equations 3 and 4, where N is our C).
      Deviation: each Gram matrix is divided by its own M; for M = M' this is their 1/(4 N² M²) sum (G - A)².
    * "d2l": mean over the C² entries of (G/(C M) - A/(C M'))² (d2l.ai 14.12.5, `gram` and `style_loss`).
    * "pytorch": the same rule as "d2l" (pytorch/examples, fast_neural_style: `gram_matrix` divides by C H W, `MSELoss`
      takes the mean; PyTorch's tutorial "Neural Transfer Using PyTorch" too).
    * "johnson": sum over the entries of the same (Johnson, Alahi, Fei-Fei 2016, equation 3: G / (C H W), equation 4:
      the squared Frobenius norm), which is C² times "d2l".
    * "undivided": mean over the entries of (G - A)², both undivided. It grows with the fourth power of the number of
      pixels, and with the difference of the sizes, so the style image must have the output's size.
    * "tutorial": 1/(C M) times "undivided", as in many introductory scripts. The style image must have the output's
      size here as well.

    Raises RecipeError on an unknown normalisation.
    """

    def __init__(self, normalisation: str) -> None:
        if normalisation not in GRAM_NORMALISATIONS:
            raise RecipeError(unknown("Gram normalisation", normalisation, GRAM_NORMALISATIONS))
        self.normalisation = normalisation
        self._rule = GRAM_NORMALISATIONS[normalisation]

    def from_sums(self, sums: MomentSums) -> Tensor:
        """Return the Gram matrix `(B, C, C)`, divided according to the normalisation."""
        channels = sums.second.shape[1]
        divisor = sums.count.pow(self._rule.positions) * channels**self._rule.channels
        matrix: Tensor = sums.second / divisor[:, None, None]
        return matrix

    def compare(self, measured: Tensor, target: Tensor) -> Tensor:
        """Return the scalar distance of two divided Gram matrices, averaged over the batch."""
        squares = (measured - target).square()
        per_image = squares.mean((1, 2)) if self._rule.average else squares.sum((1, 2))
        return self._rule.factor * per_image.mean()

    def average_targets(self, targets: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
        """Return the weighted average of Gram matrices."""
        return combine(targets, weights)
