"""Strength: how far the picture may go from the photograph, and the content weight that takes it there."""

from __future__ import annotations

import math
from collections.abc import Mapping

from impasto.guidance.strength import content_distance
from impasto.optimize.recipe import Recipe

# The gain may change by e^PULL over the steps of a scale, and by half as much as the distance is off in one.
PULL = 6.0
FASTEST = 0.5
# At a scale's start large steps throw the picture about; what the distance is then says nothing of the weight.
SETTLING = 12
GAINS = (1e-4, 1e3)


def measured_distance(recipe: Recipe, terms: Mapping[str, float], gain: float) -> float | None:
    """Return the mean content loss of the content layers of the largest weight, None without content.

    ``terms`` are the weighted ones of a step; layers that have none there do not count. Shallow layers, which
    presets weigh less, follow grain more than objects; with them the same strength would keep less of some
    photographs than of others (measured: a coefficient of variation of .15 instead of .08 over pairs and sizes).
    """
    layers = recipe.content_layers
    largest = max(layers.values(), default=0.0)
    names = [f"content/{layer}" for layer, weight in layers.items() if weight == largest]
    found = [terms[name] for name in names if name in terms]
    most = largest * recipe.content_weight * gain
    return sum(found) / (most * len(found)) if found and most > 0 else None


def next_gain(recipe: Recipe, gain: float, terms: Mapping[str, float], step: int, steps: int) -> float:
    """Return the factor on the content weight after ``step`` (from 1) of ``steps`` of a scale.

    With d the measured and d* the asked distance, ``gain *= (d / d*)^k`` with k = 6 / steps, at most .5, and
    d / d* cut to [1/e, e]: an integral controller on the logarithm, so that a strength means the same distance for
    every style, size and encoder. Without ``recipe.hold``, and in a scale's first steps, the gain stays.
    """
    distance = measured_distance(recipe, terms, gain) if recipe.hold and recipe.style_layers else None
    if distance is None or step <= min(SETTLING, steps // 4):
        return gain
    off = math.log(max(distance, 1e-6) / content_distance(recipe.strength))
    least, most = GAINS
    return min(most, max(least, gain * math.exp(min(FASTEST, PULL / steps) * max(-1.0, min(1.0, off)))))
