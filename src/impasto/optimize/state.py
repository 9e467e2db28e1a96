"""The state of a run and how it moves: first picture, optimiser, average of iterates, next scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.imaging import resize
from impasto.optimize.adam import Adam
from impasto.optimize.recipe import Recipe

Descent = Adam | torch.optim.LBFGS


class Average:
    """Bias-corrected exponential average of the iterates, ``a_t = (d a_{t-1} + (1-d) x_t) / (1 - d^t)``.

    With decay 0 it is the last iterate. Source: crowsonkb/style-transfer-pytorch, class EMA.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.sum: Tensor | None = None
        self.weight = 0.0

    def update(self, image: Tensor) -> None:
        """Take in one iterate (1,3,h,w)."""
        if self.sum is None:
            self.sum = torch.zeros_like(image)
        self.sum.mul_(self.decay).add_(image, alpha=1 - self.decay)
        self.weight = self.weight * self.decay + 1 - self.decay

    def value(self, fallback: Tensor) -> Tensor:
        """Return the average so far in [0, 1], or ``fallback`` before the first update."""
        picture = fallback if self.sum is None else self.sum / self.weight
        return picture.detach().clamp(0, 1)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint needs."""
        return {"sum": self.sum, "weight": self.weight}

    def load(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""
        self.sum, self.weight = state["sum"], state["weight"]


def first_picture(
    recipe: Recipe,
    size: tuple[int, int],
    content: Tensor | None,
    styles: Sequence[Tensor],
    given: Tensor | None,
    generator: torch.Generator,
) -> Tensor:
    """Return the first picture (1,3,h,w) in [0,1] of `size` as the recipe's ``start`` says.

    ``noise`` is normal with mean .5 and deviation .25; ``style`` is normal noise with the mean and 3x3 colour
    covariance of the style pictures (averaged); both are cut to [0,1].
    """
    if recipe.start == "content" and content is not None:
        return resize(content, size)
    if recipe.start == "picture" and given is not None:
        return resize(given, size)
    noise = torch.randn(1, 3, *size, generator=generator)
    if recipe.start == "style" and styles:
        pixels = [style.flatten(2)[0] for style in styles]  # (3, N) each
        mean = torch.stack([p.mean(1) for p in pixels]).mean(0)
        covariance = torch.stack([torch.cov(p, correction=0) for p in pixels]).mean(0)
        values, vectors = torch.linalg.eigh(covariance)
        root = vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T
        return (torch.einsum("ij,bjhw->bihw", root, noise) + mean.view(1, 3, 1, 1)).clamp(0, 1)
    return (0.5 + 0.25 * noise).clamp(0, 1)


def make_optimizer(recipe: Recipe, image: Tensor) -> Descent:
    """Return Adam, or L-BFGS with a strong Wolfe line search and one iteration a step."""
    if recipe.optimizer == "adam":
        return Adam(image, recipe.learning_rate, recipe.betas)
    return torch.optim.LBFGS(
        [image],
        lr=recipe.learning_rate,
        max_iter=1,
        max_eval=25,
        history_size=20,
        tolerance_grad=0,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """Return the rate of ``step`` (from 0) of ``steps`` in a scale: ``lr * decay^(step // every)`` times a
    half cosine from 1 to ``final_rate``.
    """
    rate = recipe.learning_rate * recipe.decay ** (step // recipe.decay_every)
    if recipe.final_rate < 1:
        cosine = 0.5 * (1 + math.cos(math.pi * step / max(1, steps - 1)))
        rate *= recipe.final_rate + (1 - recipe.final_rate) * cosine
    return rate


@dataclass
class RunState:
    """Where a run stands: everything a checkpoint has to hold.

    ``gain`` is the factor on the content weight, ``sigmas`` those on the styles' losses once they are known,
    ``composed`` the picture (1,3,h,w) at the base size, to which finer scales keep, ``changes`` what was changed
    on the way and after which step.
    """

    image: Tensor
    optimizer: Descent
    average: Average
    generator: torch.Generator
    scale: int = 0
    step: int = 0
    total: int = 0
    rate_factor: float = 1.0
    gain: float = 1.0
    sigmas: tuple[float, ...] | None = None
    composed: Tensor | None = None
    losses: list[float] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the image that is being painted."""
        return self.image.shape[2], self.image.shape[3]

    def picture(self) -> Tensor:
        """Return the picture so far (1,3,h,w) in [0,1]: the average of the iterates."""
        return self.average.value(self.image)


def grown(picture: Tensor, size: tuple[int, int], *, wrapped: bool, soft: bool) -> Tensor:
    """Return ``picture`` (1,3,h,w) at the larger ``size``.

    A ``wrapped`` one is resized with what lies around it, so that it still wraps. A ``soft`` one is blurred by
    (1, 2, 1) / 4 both ways: paint as sharp as its pixels otherwise leaves their grid in the finer picture (the
    gradient between old pixels stays 1.4 times that within them; softened 1.1, for 1 % of STYLE).
    """
    height, width = size
    large = resize(picture.repeat(1, 1, 3, 3), (3 * height, 3 * width)) if wrapped else resize(picture, size)
    if soft and size != (picture.shape[2], picture.shape[3]):
        large = F.pad(large, (1, 1, 1, 1), mode="replicate")
        large = (large[..., :-2] + 2 * large[..., 1:-1] + large[..., 2:]) / 4
        large = (large[..., :-2, :] + 2 * large[..., 1:-1, :] + large[..., 2:, :]) / 4
    return large[:, :, height : 2 * height, width : 2 * width] if wrapped else large


def next_scale(state: RunState, recipe: Recipe, size: tuple[int, int]) -> None:
    """Move ``state`` to the next scale: start from the average, carry Adam's moments over."""
    if recipe.base is not None and max(state.size) <= recipe.base < max(size):
        state.composed = state.picture()
    image = grown(state.picture(), size, wrapped=recipe.seamless, soft=recipe.soften)
    image = image.clone().requires_grad_(True)
    optimizer = make_optimizer(recipe, image)
    # Moments resized at an edge push both sides of a wrap apart (measured: 1.4 times the gradient of other lines).
    if (
        recipe.carry
        and not recipe.seamless
        and isinstance(optimizer, Adam)
        and isinstance(state.optimizer, Adam)
    ):
        optimizer.carry_from(state.optimizer)
    state.image, state.optimizer = image, optimizer
    state.average = Average(recipe.average)
    state.scale += 1
    state.step = 0
