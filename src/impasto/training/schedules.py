"""Learning-rate schedules: the factor on the base learning rate at a step."""

from __future__ import annotations

import math

SMALLEST_FACTOR = 0.01


def warmup_constant_cosine(done: float, warmup: float, constant: float = 0.3) -> float:
    """Return a linear rise over the share `warmup`, then 1, then from `constant` on half a cosine down to .01.

    `done` is the share of the run that is over, in [0, 1].
    """
    rising = min(1.0, (done + 1e-6) / warmup) if warmup > 0 else 1.0
    if done < constant:
        return rising
    return max(SMALLEST_FACTOR, 0.5 * (1 + math.cos(math.pi * (done - constant) / (1 - constant))))


def warmup_cosine(step: float, steps: int, warmup: float) -> float:
    """Return a linear rise over the share `warmup` of `steps`, then half a cosine down to 0; `step` counts from 0."""
    rising = warmup * steps
    if step < rising:
        return min(1.0, (step + 1) / rising)
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / (steps - rising)))


def warmup_constant_linear(step: float, steps: int, warmup_steps: int, constant: float) -> float:
    """Return a linear rise over `warmup_steps`, then 1, then from the share `constant` on a line down to 0."""
    falling = (steps - step) / (steps - constant * steps)
    return min(1.0, (step + 1) / warmup_steps, max(0.0, falling))
