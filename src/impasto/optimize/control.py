"""Control of the content weight, so that a strength means the same content distance for every image."""

from __future__ import annotations

import math
from collections.abc import Mapping

from impasto.guidance.strength import SMALLEST_DISTANCE, content_distance
from impasto.optimize.recipe import Recipe

# Over the steps of a scale, the gain can change by the ratio of distances to this power.
TOTAL_EXPONENT = 6.0
MAX_EXPONENT = 0.5
# In the first steps of a scale the image changes so much that the distance says nothing about the weight.
SETTLING_STEPS = 12
# From this strength on, the painting starts from the one-pass picture alone, and keeps its content distance.
FULL_START_STRENGTH = 0.5
# Above it, the distances of one-pass pictures grow with about this power of the strength (measured growth from .5 to
# 1 on two pairs: 1.41 and 1.75).
GROWTH_EXPONENT = 0.6
# A run with a smaller strength starts from the photograph.
SMALLEST_START_STRENGTH = 0.01
GAIN_RANGE = (1e-4, 1e3)


def measured_distance(recipe: Recipe, terms: Mapping[str, float], gain: float) -> float | None:
    """Return the mean content loss of the content layers with the largest weight, None without content.

    ``terms`` are the weighted terms of a step; layers without a term are left out. Presets give shallow layers smaller
    weights. Those layers depend more on grain than on objects: with them, the same strength would keep less of some
    images than of others (measured: a coefficient of variation of .15 instead of .08 over pairs and sizes).
    """
    layers = recipe.content_layers
    largest = max(layers.values(), default=0.0)
    names = [f"content/{layer}" for layer, weight in layers.items() if weight == largest]
    values = [terms[name] for name in names if name in terms]
    factor = largest * recipe.content_weight * gain
    return sum(values) / (factor * len(values)) if values and factor > 0 else None


def target_distance(
    recipe: Recipe, start_distance: float | None, start_strength: float | None = None
) -> float:
    """Return the content distance that the run holds.

    It is the strength, or for a run that starts from a picture painted in one pass the ``start_distance`` of that
    picture, so that a preview in one pass and the painting have the same strength. Below a strength of .5 that picture
    is blended with the photograph (`start_share`), which lowers its distance by the square of its share, and the run
    holds the distance in proportion to the share. A strength that was changed during the run, from the
    ``start_strength`` of that picture, changes the distance as a picture of the new strength would.
    """
    first = recipe.strength if start_strength is None else start_strength
    if start_distance is None or first < SMALLEST_START_STRENGTH:
        return content_distance(recipe.strength)
    change = _growth(recipe.strength) / _growth(first)
    return max(SMALLEST_DISTANCE, change * start_distance / start_share(first))


def start_share(strength: float) -> float:
    """Return the share of the one-pass picture in the picture that a run starts from; the photograph has the rest.

    It is 1 from a strength of .5 on, and 0 at 0: the network still changes the picture at strength 0.
    """
    return min(1.0, strength / FULL_START_STRENGTH)


def _growth(strength: float) -> float:
    """Return how the distance of paintings grows with the strength, relative to that of .5."""
    share = strength / FULL_START_STRENGTH
    return share if share < 1 else share**GROWTH_EXPONENT


def next_gain(
    recipe: Recipe,
    gain: float,
    terms: Mapping[str, float],
    step: int,
    steps: int,
    target: float,
) -> float:
    """Return the factor on the content weight after ``step`` (from 1) of ``steps`` of a scale.

    With the measured distance d and the distance d* to hold, ``target``, ``gain *= (d / d*)^k`` with k = 6 / steps, at
    most .5, and d / d* clipped to [1/e, e]: an integral controller on the logarithm. A strength then means the same
    distance for every style, size and encoder. Without ``recipe.hold``, and in the first steps of a scale, the gain
    stays.
    """
    distance = measured_distance(recipe, terms, gain) if recipe.hold and recipe.style_layers else None
    if distance is None or step <= min(SETTLING_STEPS, steps // 4):
        return gain
    error = math.log(max(distance, 1e-6) / target)
    exponent = min(MAX_EXPONENT, TOTAL_EXPONENT / steps)
    lowest, highest = GAIN_RANGE
    return min(highest, max(lowest, gain * math.exp(exponent * max(-1.0, min(1.0, error)))))
