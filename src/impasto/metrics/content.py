"""CONTENT: the distance of the output's features from the content image's, position by position.

Source: Gatys, Ecker, Bethge 2016, equation 1. Deviation: divided by the variance of the content image's features, so
that layers and encoders can be averaged.
"""

from __future__ import annotations

from impasto.metrics.comparison import Comparison

LEAST_VARIANCE = 1e-8


def content(pictures: Comparison, layers: tuple[str, ...]) -> float:
    """Return the mean over `layers` of MSE(F_o, F_c) / var(F_c): 0 for equal features, 1 to 4 for unrelated ones.

    var is one variance over all channels and positions. It includes the spread of the channels' means, unlike the
    variance by which the content *loss* divides (`impasto.losses.content_loss`), so this distance is the smaller one.
    """
    errors = [_error(pictures, layer) for layer in layers]
    return sum(errors) / len(errors)


def _error(pictures: Comparison, layer: str) -> float:
    output, target = pictures.output.layers[layer].features, pictures.content.layers[layer].features
    variance = target.var() if target.numel() > 1 else target.new_zeros(())
    return ((output - target).square().mean() / variance.clamp_min(LEAST_VARIANCE)).item()
