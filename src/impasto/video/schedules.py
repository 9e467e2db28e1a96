"""Values that change over the time of a clip: schedules like ``0:.4,10:.8``, and cross-fades of styles."""

from __future__ import annotations

import math
from collections.abc import Sequence

from impasto.errors import RecipeError

# Pairs of seconds and value, in order of time.
Schedule = tuple[tuple[float, float], ...]


def value_at(schedule: Schedule, seconds: float) -> float:
    """Return the value at a time: linear between the pairs, constant before the first and after the last.

    >>> value_at(((0.0, 0.4), (10.0, 0.8)), 5.0)
    0.6000000000000001
    """
    before = schedule[0]
    for after in schedule:
        if seconds <= after[0]:
            if after[0] == before[0]:
                return after[1]
            share = (seconds - before[0]) / (after[0] - before[0])
            return before[1] + share * (after[1] - before[1])
        before = after
    return before[1]


def style_weights_at(times: Sequence[float], seconds: float) -> tuple[float, ...]:
    """Return the weight of every style at a time; they sum to 1. ``times`` are those at which a style is alone.

    Between two times the two styles are cross-faded linearly.

    >>> style_weights_at((0.0, 10.0), 2.5)
    (0.75, 0.25)
    """
    return tuple(
        value_at(tuple((time, float(i == j)) for j, time in enumerate(times)), seconds)
        for i, _ in enumerate(times)
    )


def parse_schedule(text: str, name: str) -> Schedule:
    """Return the schedule in ``text``: one number, or ``SECONDS:VALUE,...``; raises `RecipeError`.

    >>> parse_schedule("0:.4,10:.8", "strength")
    ((0.0, 0.4), (10.0, 0.8))
    >>> parse_schedule(".5", "strength")
    ((0.0, 0.5),)
    """
    pairs = []
    for part in text.split(","):
        seconds, colon, value = part.rpartition(":")
        try:
            pair = (float(seconds) if colon else 0.0, float(value))
        except ValueError:
            pair = (math.nan, math.nan)
        if not all(math.isfinite(number) for number in pair) or (not colon and "," in text):
            raise RecipeError(
                f"{name} is '{text}'; give one number, or seconds and values in order of time like 0:.4,10:.8."
            )
        pairs.append(pair)
    check_times([pair[0] for pair in pairs], name)
    return tuple(pairs)


def check_times(times: Sequence[float], name: str) -> None:
    """Raise `RecipeError` unless the times, in seconds, start at 0 or later and grow."""
    for earlier, later in zip((-1e-9, *times), times, strict=False):
        if not math.isfinite(later) or later < 0 or later <= earlier:
            listed = ", ".join(f"{time:g}" for time in times)
            raise RecipeError(f"The times of {name} are {listed}; give seconds from 0 that grow.")
