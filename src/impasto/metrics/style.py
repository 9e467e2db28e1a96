"""STYLE5 and STYLE: the distance of the output's feature statistics from the style image's.

Source: statistics of features as style are those of Gatys, Ecker, Bethge 2016 (section 2.2) and Li, Wang, Liu, Hou
2017, "Demystifying neural style transfer"; the relative distance is `impasto.losses.RelativeMomentLoss`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.losses import RelativeMomentLoss
from impasto.metrics.comparison import Comparison

_DISTANCE = RelativeMomentLoss()


def style_distance(features: Tensor, style: Tensor) -> float:
    """Return the distance between the statistics of `features` and of `style`, `(1, C, H, W)` of any sizes.

    |cov - cov_s|²_F / |cov_s|²_F + |mean - mean_s|² / (|mean_s|² + tr cov_s); 0 for equal statistics. See
    `impasto.losses.RelativeMomentLoss`.
    """
    with torch.no_grad():
        return _DISTANCE.distance(features, _DISTANCE.measure(style)).item()


def style_sum(pictures: Comparison, layers: tuple[str, ...]) -> float:
    """Return the sum over `layers` of `style_distance`: 0 for equal statistics, 1 to 2 a layer for a black picture."""
    return sum(
        _DISTANCE.compare(pictures.output.layers[layer].moments, pictures.style.layers[layer].moments).item()
        for layer in layers
    )
