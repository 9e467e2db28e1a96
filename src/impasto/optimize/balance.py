"""Balance: factors sigma on the losses of several styles, so that at even weights all improve equally."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.optimize.control import content_factor, next_gain
from impasto.optimize.events import Balancing
from impasto.optimize.mixing import style_gains, style_losses
from impasto.optimize.objective import Objective
from impasto.optimize.recipe import Recipe
from impasto.optimize.state import learning_rate, make_optimizer

# Calibrations are small and short: what they find holds at the full size (benchmarks/balance.py).
SIDE = 256
STEPS = 40
ROUNDS = 6
# Improvements this close to each other are equal.
CLOSE = 1.02
LARGEST_CHANGE = 10.0
TINY = 1e-12


@dataclass(frozen=True)
class Balance:
    """The factors ``sigmas`` of the styles, and their relative improvements before and after balancing."""

    sigmas: tuple[float, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]


def improvements(start: Sequence[float], end: Sequence[float]) -> tuple[float, ...]:
    """Return RI, the loss at the start over the loss at the end, of every style."""
    return tuple(max(a, TINY) / max(b, TINY) for a, b in zip(start, end, strict=True))


def balanced(sigmas: Sequence[float], found: Sequence[float]) -> tuple[float, ...]:
    """Return better factors: ``sigma_i`` times the root of RI_1 / RI_i, so that the first stays.

    Source: the square-root rule for mixed styles with two images, sigma1 = 1, sigma2 = sqrt(RI1 / RI2). Deviation:
    at most a factor of 10 a round, for styles that the picture is in already and that cannot improve.
    """
    roots = ((found[0] / ri) ** 0.5 for ri in found)
    pairs = zip(sigmas, roots, strict=True)
    return tuple(sigma * min(LARGEST_CHANGE, max(1 / LARGEST_CHANGE, root)) for sigma, root in pairs)


def find_sigmas(
    recipe: Recipe, objective: Objective, start: Tensor, styles: int
) -> Generator[Balancing, None, Balance]:
    """Return the balance of ``styles`` by short runs of ``objective`` at even weights from ``start`` (1,3,h,w).

    After each run of `STEPS` steps the factors follow the square-root rule, until the improvements are within
    2 % of each other, at most `ROUNDS` times; the best factors seen are kept. Says so after every run.
    """
    sigmas: tuple[float, ...] = (1.0,) * styles
    first: tuple[float, ...] = ()
    best: Balance | None = None
    for number in range(1, ROUNDS + 1):
        found = _calibrate(recipe, objective, start, sigmas)
        yield Balancing(number, ROUNDS, sigmas, found)
        first = first or found
        if best is None or _spread(found) < _spread(best.after):
            best = Balance(sigmas, first, found)
        if _spread(found) <= CLOSE:
            break
        sigmas = balanced(sigmas, found)
    assert best is not None
    return best


def _spread(found: Sequence[float]) -> float:
    return max(found) / min(found)


def _calibrate(
    recipe: Recipe, objective: Objective, start: Tensor, sigmas: Sequence[float]
) -> tuple[float, ...]:
    """Return the relative improvement of every style over one short run."""
    styles = len(sigmas)
    gains = style_gains([1 / styles] * styles, sigmas)
    image = start.detach().clone().requires_grad_(True)
    optimizer = make_optimizer(recipe, image)
    gain = content_factor(recipe.strength)
    before = measure(objective, image, styles)
    for number in range(STEPS):
        optimizer.param_groups[0]["lr"] = learning_rate(recipe, number, STEPS)
        first: dict[str, float] = {}

        def closure(gain: float = gain, first: dict[str, float] = first) -> Tensor:
            image.grad = None
            loss, terms = objective(image, {**gains, "content": gain})
            loss.backward()  # type: ignore[no-untyped-call]
            first.update({} if first else terms)
            return loss.detach()

        optimizer.step(closure)
        with torch.no_grad():
            if recipe.clamp:
                image.clamp_(0, 1)
        gain = next_gain(recipe, gain, first, number + 1, STEPS)
    return improvements(before, measure(objective, image, styles))


@torch.no_grad()
def measure(objective: Objective, image: Tensor, styles: int) -> tuple[float, ...]:
    """Return the loss of each of ``styles`` styles at ``image`` (1,3,h,w), without gains."""
    return style_losses(objective(image.detach())[1], styles)
