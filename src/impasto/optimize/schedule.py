"""Schedule: the sizes and steps of all scales. Importing this module does not import torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from impasto.optimize.presets import PRESETS
from impasto.optimize.recipe import Recipe
from impasto.optimize.recipe_fields import Quality

QUALITY_FACTORS: Mapping[Quality, float] = MappingProxyType({"draft": 0.25, "normal": 1.0, "high": 4.0})


def schedule(recipe: Recipe) -> tuple[tuple[int, int], ...]:
    """Return (longer side, steps) of every scale from the coarsest; the last side is ``recipe.side``.

    Explicit ``scales`` are stretched to end at ``size``. Otherwise sides are ``size / ratio^k`` down to
    ``smallest``; above ``base`` come the scales of ``base`` and then finer ones, about a factor 2 apart. ``quality``
    multiplies the steps; ``steps`` instead distributes a total in proportion.
    """
    if recipe.scales is not None:
        stretch = recipe.side / recipe.scales[-1][0]
        pairs = [(max(1, round(side * stretch)), steps) for side, steps in recipe.scales]
    else:
        pairs = _pyramid(recipe)
    steps = [count for _, count in pairs]
    if recipe.steps is not None:
        steps = distribute(recipe.steps, steps)
    else:
        steps = [max(1, round(count * _quality_factor(recipe))) for count in steps]
    return tuple((side, count) for (side, _), count in zip(pairs, steps, strict=True) if count)


def _quality_factor(recipe: Recipe) -> float:
    """Return the factor of the quality on the steps: 1 if the preset defines this quality itself."""
    preset = PRESETS.get(recipe.preset)
    defined = preset is not None and preset.defines_quality(recipe.quality)
    return 1.0 if defined else QUALITY_FACTORS[recipe.quality]


def _pyramid(recipe: Recipe) -> list[tuple[int, int]]:
    base = recipe.side if recipe.base is None else min(recipe.side, recipe.base)
    pairs: list[tuple[int, int]] = []
    side = float(base)
    while not pairs or round(side) >= recipe.smallest:
        index = min(len(pairs), len(recipe.scale_steps) - 1)
        pairs.append((round(side), recipe.scale_steps[index]))
        side /= recipe.scale_ratio
    if recipe.first_steps is not None:
        pairs[-1] = (pairs[-1][0], recipe.first_steps)
    return pairs[::-1] + _finer_scales(recipe, base)


def _finer_scales(recipe: Recipe, base: int) -> list[tuple[int, int]]:
    """Return the scales above ``base`` up to the size, in equal ratios of slightly more than 2 at most."""
    count = math.ceil(math.log2(recipe.side / base) - 0.1)
    if recipe.side > base:
        count = max(1, count)
    last = len(recipe.fine_steps) - 1
    return [
        (round(base * (recipe.side / base) ** (k / count)), recipe.fine_steps[min(k - 1, last)])
        for k in range(1, count + 1)
    ]


def distribute(total: int, weights: list[int]) -> list[int]:
    """Return integers in proportion to ``weights`` that add up to ``total`` (largest remainder method).

    The last entry, the finest scale, gets at least one.
    """
    weight_sum = sum(weights)
    exact = [total * weight / weight_sum for weight in weights]
    counts = [int(value) for value in exact]
    order = sorted(range(len(exact)), key=lambda i: (counts[i] - exact[i], -i))
    for index in order[: total - sum(counts)]:
        counts[index] += 1
    if counts[-1] == 0:
        counts[counts.index(max(counts))] -= 1
        counts[-1] = 1
    return counts
