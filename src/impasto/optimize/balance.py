"""Balance: factors sigma on the losses of several styles, so that at even weights all improve equally."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from impasto.optimize.control import SETTLING
from impasto.optimize.mixing import mix_of, style_losses
from impasto.optimize.objective import Objective
from impasto.optimize.recipe import Recipe

# The factors may change by the root of the improvements' ratio to the power of PULL over the steps of a scale.
PULL = 9.0
FASTEST = 0.5
# However far apart improvements are, the factors follow a ratio of e^FARTHEST at most: a loss that grows a
# hundredfold from step to step would be taken for one that runs away.
FARTHEST = 2.0
# A rehearsal is at most this long, and no larger than this where the recipe has no base.
STEPS = 100
SIDE = 512
LARGEST = 1e4
# A style that was a hundred times nearer at the start is that of the start itself: it cannot improve.
LEAST = 0.01
TINY = 1e-12


def improvements(start: Sequence[float], end: Sequence[float]) -> tuple[float, ...]:
    """Return RI, the loss at the start over the loss at the end, of every style."""
    return tuple(max(a, TINY) / max(b, TINY) for a, b in zip(start, end, strict=True))


def next_sigmas(sigmas: Sequence[float], found: Sequence[float], step: int, steps: int) -> tuple[float, ...]:
    """Return the factors after ``step`` (from 1) of ``steps`` of a scale, from the improvements ``found`` so far.

    ``sigma_i *= sqrt(RI_1 / RI_i)^k`` with k = 9 / steps, at most .5, and the ratio cut to [e^-2, e^2]; the first
    factor stays 1. Source: the square-root rule for mixed styles with two images, sigma1 = 1, sigma2 =
    sqrt(RI1 / RI2), iterated. Deviation: the rule is applied a little at every step of one run instead of once
    after each of several runs; a style that the first picture is in already is left out of it.
    """
    if step <= min(SETTLING, steps // 4) or found[0] < LEAST:
        return tuple(sigmas)
    share = 0.5 * min(FASTEST, PULL / steps)
    logs = (math.log(found[0] / ri) if ri >= LEAST else 0.0 for ri in found)
    ratios = (max(-FARTHEST, min(FARTHEST, log)) for log in logs)
    changed = (sigma * math.exp(share * ratio) for sigma, ratio in zip(sigmas, ratios, strict=True))
    return tuple(min(LARGEST, max(1 / LARGEST, sigma)) for sigma in changed)


def balances_itself(recipe: Recipe, styles: int) -> bool:
    """Return whether a run can find the factors on its way: at even weights, with an optimiser that bears it."""
    return recipe.optimizer == "adam" and len(set(mix_of(recipe, styles))) == 1


def rehearsal(recipe: Recipe, steps: int) -> Recipe:
    """Return the recipe of the run that finds the factors for ``recipe``: even, small, short, by Adam.

    ``steps`` are those that the run itself would take up to its base.
    """
    changes: dict[str, object] = {
        "mix": None,
        "size": min(recipe.size, recipe.base or SIDE),
        "steps": min(STEPS, steps),
    }
    if recipe.optimizer != "adam":
        changes |= {"optimizer": "adam", "learning_rate": 0.04, "betas": (0.8, 0.9), "clamp": True}
    return recipe.model_copy(update=changes)


@torch.no_grad()
def measure(objective: Objective, image: Tensor, styles: int) -> tuple[float, ...]:
    """Return the loss of each of ``styles`` styles at ``image`` (1,3,h,w), without gains."""
    return style_losses(objective(image.detach())[1], styles)
