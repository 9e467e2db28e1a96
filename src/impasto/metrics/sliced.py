"""Sliced Wasserstein distance to the style image at layers that the default loss does not use.

Source: Heitz, Vanhoey, Chambon, Belcour, "A sliced Wasserstein loss for neural texture synthesis", CVPR 2021,
section 4; see `impasto.losses.SlicedWassersteinLoss`.
"""

from __future__ import annotations

import torch

from impasto.losses import SlicedWassersteinLoss
from impasto.losses.relative import MIN_COVARIANCE_SHARE, MIN_ENERGY
from impasto.metrics.comparison import Comparison
from impasto.metrics.encoded import LayerSummary

PROJECTIONS = 128
SEED = 0


def sliced(pictures: Comparison, layers: tuple[str, ...]) -> float:
    """Return the sum over `layers` of W²(F_o, F_s) C / tr cov_s: 0 for equal pictures, about 1 a layer for a flat one.

    W² is the mean over at most 128 random directions, always the same ones, of the squared Wasserstein-2 distance of
    the projected features; C / tr cov_s makes it relative to the style's variance along a direction. Layers with more
    than 128 x 128 positions are compared at as many random ones.
    """
    return sum(_distance(pictures.output.layers[layer], pictures.style.layers[layer]) for layer in layers)


def _distance(output: LayerSummary, style: LayerSummary) -> float:
    loss = SlicedWassersteinLoss(PROJECTIONS, seed=SEED)
    with torch.no_grad():
        distance = loss.distance(output.points, loss.measure(style.points))
        spread = style.moments.covariance.diagonal(dim1=1, dim2=2).sum()
        least = MIN_COVARIANCE_SHARE * style.moments.energy.clamp_min(MIN_ENERGY)
        return (distance * output.points.shape[1] / spread.maximum(least[0])).item()
