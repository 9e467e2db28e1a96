"""Strength: one number for the distance between an output and its content image."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from impasto.errors import RecipeError

# No finite content weight reaches a distance of 0.
SMALLEST_DISTANCE = 0.03


def content_distance(strength: float) -> float:
    """Return the content distance that ``strength`` means with ``hold``: the strength itself, at least .03.

    The distance is in variances of the content image's features: 0 at the content image, 1 at its mean, 2 for
    unrelated features.
    """
    return max(SMALLEST_DISTANCE, strength)


def content_factor(strength: float) -> float:
    """Return the factor on the content weight, ``10^(2 (.5 - strength))``: 10 at 0, 1 at .5, .1 at 1."""
    return float(10 ** (2 * (0.5 - strength)))


def check_strength(strength: float) -> float:
    """Return the strength of a one-pass network, from 0 to 2; raises RecipeError for any other number."""
    if not 0 <= strength <= 2:
        raise RecipeError(f"The strength of a style is a number from 0 to 2, not {strength}.")
    return strength


def calibrated_strength(strength: float, table: Sequence[Sequence[float]] | None) -> float:
    """Return the conditioning value for a one-pass network at `strength`, linearly interpolated in `table`.

    `table` holds rows (strength, conditioning value), from (0, ...) to (1, ...); without one the two are equal. It
    gives a strength the same meaning as in optimisation: the content distance, on average over images. Above 1 the
    value stays, and the picture is painted twice (`impasto.feedforward.scales`). Raises RecipeError for a strength
    outside [0, 2].
    """
    check_strength(strength)
    rows = table or ((0.0, 0.0), (1.0, 1.0))
    for (low, first), (high, second) in pairwise(rows):
        if strength <= high:
            return float(first + (second - first) * (strength - low) / (high - low))
    return float(rows[-1][1])
