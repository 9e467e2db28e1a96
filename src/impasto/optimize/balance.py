"""Balance of several styles: factors sigma on their losses, so that all improve equally at even weights."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from impasto.optimize.control import SETTLING_STEPS
from impasto.optimize.mixing import mix_of, style_losses
from impasto.optimize.objective import Objective
from impasto.optimize.optimizers.registry import OPTIMIZERS
from impasto.optimize.recipe import Recipe

# Over the steps of a scale, a factor can change by the square root of the ratio of improvements to this power.
TOTAL_EXPONENT = 9.0
MAX_EXPONENT = 0.5
# The ratio of improvements is clipped to e^±2. Otherwise a factor could grow so fast that the loss seems to diverge.
MAX_LOG_RATIO = 2.0
# Limits of a calibration run: steps, and the longer side where the recipe has no base size.
CALIBRATION_STEPS = 100
CALIBRATION_SIDE = 512
# Settings of a calibration run whose recipe has an optimiser that needs a fixed objective.
CALIBRATION_OPTIMIZER = {"optimizer": "adam", "learning_rate": 0.04, "betas": (0.8, 0.9), "clamp": True}
MAX_SIGMA = 1e4
# A relative improvement below this means that the initial image already has the style, which then cannot improve.
MIN_IMPROVEMENT = 0.01
MIN_LOSS = 1e-12


def improvements(start: Sequence[float], end: Sequence[float]) -> tuple[float, ...]:
    """Return the relative improvement of every style: its loss at the start divided by its loss at the end."""
    return tuple(max(a, MIN_LOSS) / max(b, MIN_LOSS) for a, b in zip(start, end, strict=True))


def next_sigmas(
    sigmas: Sequence[float], improved: Sequence[float], step: int, steps: int
) -> tuple[float, ...]:
    """Return the factors after ``step`` (from 1) of ``steps`` of a scale, from the relative improvements so far.

    ``sigma_i *= sqrt(R_1 / R_i)^k`` with the relative improvements R, k = 9 / steps, at most .5, and the ratio clipped
    to [e^-2, e^2]; the first factor stays 1. A style that the initial image already has is left out. Source of the
    square-root rule sigma_2 = sqrt(R_1 / R_2): "Mixed Neural Style Transfer With Two Style Images" (see the preset
    "mixed"). Deviation: one run applies the rule a little at every step, instead of once after each of several runs.
    """
    if step <= min(SETTLING_STEPS, steps // 4) or improved[0] < MIN_IMPROVEMENT:
        return tuple(sigmas)
    exponent = 0.5 * min(MAX_EXPONENT, TOTAL_EXPONENT / steps)
    logs = (math.log(improved[0] / value) if value >= MIN_IMPROVEMENT else 0.0 for value in improved)
    ratios = (max(-MAX_LOG_RATIO, min(MAX_LOG_RATIO, log)) for log in logs)
    changed = (sigma * math.exp(exponent * ratio) for sigma, ratio in zip(sigmas, ratios, strict=True))
    return _limited(changed)


def square_root_sigmas(improved: Sequence[float]) -> tuple[float, ...]:
    """Return the factors after one unbalanced run with these relative improvements: ``sigma_i = sqrt(R_1 / R_i)``.

    Source: "Mixed Neural Style Transfer With Two Style Images", where sigma_1 = 1 and the rule is applied once. Runs
    of impasto adapt the factors at every step instead (`next_sigmas`).
    """
    logs = [math.log(max(value, MIN_LOSS)) for value in improved]
    return _limited(math.exp((logs[0] - log) / 2) for log in logs)


def _limited(sigmas: Iterable[float]) -> tuple[float, ...]:
    return tuple(min(MAX_SIGMA, max(1 / MAX_SIGMA, sigma)) for sigma in sigmas)


def can_balance_during_run(recipe: Recipe, styles: int) -> bool:
    """Return whether a run can find the factors itself: at even weights, if its objective may change."""
    fixed = OPTIMIZERS[recipe.optimizer].needs_fixed_objective
    return not fixed and len(set(mix_of(recipe, styles))) == 1


def calibration_recipe(recipe: Recipe, steps: int) -> Recipe:
    """Return the recipe of the calibration run that finds the factors for ``recipe``: even weights, small, short.

    ``steps`` is the number of steps of the run itself up to its base size.
    """
    changes: dict[str, object] = {
        "mix": None,
        "size": min(recipe.side, recipe.base or CALIBRATION_SIDE),
        "steps": min(CALIBRATION_STEPS, steps),
    }
    if OPTIMIZERS[recipe.optimizer].needs_fixed_objective:
        changes |= CALIBRATION_OPTIMIZER
    return recipe.model_copy(update=changes)


@torch.no_grad()
def measure(objective: Objective, image: Tensor, styles: int) -> tuple[float, ...]:
    """Return the loss of each of ``styles`` styles at ``image`` (1,3,h,w), without gains."""
    return style_losses(objective(image.detach())[1], styles)
