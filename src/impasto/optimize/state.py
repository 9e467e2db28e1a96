"""State of a run, and its change from scale to scale."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from impasto.imaging import resize
from impasto.imaging.blur import blur
from impasto.imaging.scratch import large_copy
from impasto.optimize.ema import EMA
from impasto.optimize.optimizers.base import ImageOptimizer
from impasto.optimize.optimizers.registry import OPTIMIZERS
from impasto.optimize.recipe import Recipe


def make_optimizer(recipe: Recipe, image: Tensor) -> ImageOptimizer:
    """Return the recipe's optimiser for ``image`` (1,3,h,w)."""
    return OPTIMIZERS[recipe.optimizer].create(image, recipe)


def learning_rate(recipe: Recipe, scale: int, step: int, steps: int) -> float:
    """Return the learning rate of ``step`` of ``steps`` in scale number ``scale``; both count from 0.

    ``lr * decay^(step / every)``, with the exponent rounded down if ``staircase`` (Keras' `ExponentialDecay` has the
    same two forms), times a half cosine from 1 to ``final_learning_rate_factor``.
    """
    exponent = step / recipe.decay_every[min(scale, len(recipe.decay_every) - 1)]
    rate = recipe.learning_rate * recipe.decay ** (math.floor(exponent) if recipe.staircase else exponent)
    if recipe.final_learning_rate_factor < 1:
        cosine = 0.5 * (1 + math.cos(math.pi * step / max(1, steps - 1)))
        rate *= recipe.final_learning_rate_factor + (1 - recipe.final_learning_rate_factor) * cosine
    return rate


# Fields of `RunState` that are stored as they are.
PLAIN_PARTS = (
    "scale",
    "step",
    "steps_done",
    "learning_rate_factor",
    "content_gain",
    "sigmas",
    "base_image",
    "losses",
    "changes",
)


@dataclass
class RunState:
    """The state of a run: everything that a checkpoint stores.

    ``scale`` and ``step`` count from 0, ``step`` within the scale; ``steps_done`` counts over the run. Recoveries lower
    ``learning_rate_factor``. ``content_gain`` is the factor on the content weight and ``sigmas`` are the factors on the
    styles' losses, None until they are known. ``base_image`` (1,3,h,w) is the finished image of the base size, which
    larger scales stay close to. ``changes`` lists changes of strength or mix during the run, each with its step.
    """

    image: Tensor
    optimizer: ImageOptimizer
    ema: EMA
    generator: torch.Generator
    scale: int = 0
    step: int = 0
    steps_done: int = 0
    learning_rate_factor: float = 1.0
    content_gain: float = 1.0
    sigmas: tuple[float, ...] | None = None
    base_image: Tensor | None = None
    losses: list[float] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the current scale."""
        return self.image.shape[2], self.image.shape[3]

    def state_dict(self) -> dict[str, Any]:
        """Return the state as tensors and plain values, not copied."""
        return {
            "image": self.image.detach(),
            "optimizer": self.optimizer.state_dict(),
            "ema": self.ema.state_dict(),
            "generator": self.generator.get_state(),
            **{name: getattr(self, name) for name in PLAIN_PARTS},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned; missing parts stay as they are."""
        if "image" in state:
            with torch.no_grad():
                self.image.copy_(state["image"])
        for name in PLAIN_PARTS:
            if name in state:
                value = state[name]
                setattr(self, name, list(value) if isinstance(value, list) else value)
        if "optimizer" in state:
            self.optimizer.load_state_dict(state["optimizer"])
        if "ema" in state:
            self.ema.load_state_dict(state["ema"], self.image.device)
        if "generator" in state:
            self.generator.set_state(state["generator"])
        if self.base_image is not None:
            self.base_image = self.base_image.to(self.image.device)

    def picture(self) -> Tensor:
        """Return the current picture (1,3,h,w) in [0,1]: the moving average of the image."""
        return self.ema.value(self.image)


def enlarge(picture: Tensor, size: tuple[int, int], *, seamless: bool, soften: bool) -> Tensor:
    """Return ``picture`` (1,3,h,w) at the larger ``size``.

    ``seamless`` resizes it surrounded by copies of itself, so that it still tiles. ``soften`` blurs it by (1, 2, 1) / 4
    along both axes. Otherwise strokes as sharp as a pixel leave the old pixel grid in the larger picture: the gradient
    between old pixels stays 1.4 times that within them. Softened it is 1.1 times, for 1 % more distance from the style.
    """
    height, width = size
    large = resize(picture.repeat(1, 1, 3, 3), (3 * height, 3 * width)) if seamless else resize(picture, size)
    if soften and size != (picture.shape[2], picture.shape[3]):
        large = blur(large)
    return large[:, :, height : 2 * height, width : 2 * width] if seamless else large


def full_picture(state: RunState, recipe: Recipe, size: tuple[int, int]) -> Tensor:
    """Return the current picture (1,3,H,W) on the CPU at the output's ``size``.

    One of a smaller scale is enlarged as it is for the next scale, so that a seamless texture still tiles.
    """
    picture = state.picture().cpu()
    if max(state.size) < max(size):
        return enlarge(picture, size, seamless=recipe.seamless, soften=recipe.soften)
    return resize(picture, size)


def next_scale(state: RunState, recipe: Recipe, size: tuple[int, int]) -> None:
    """Move ``state`` to the next scale of ``size``: enlarge the picture, carry the optimiser's state over."""
    if recipe.base is not None and max(state.size) <= recipe.base < max(size):
        state.base_image = state.picture()
    image = enlarge(state.picture(), size, seamless=recipe.seamless, soften=recipe.soften)
    image = large_copy(image).requires_grad_(True)
    optimizer = make_optimizer(recipe, image)
    # Moments that are resized at an edge push the two sides of a seam apart (measured: 1.4 times the gradient of other
    # lines), so a seamless texture starts with fresh ones.
    if recipe.carry and not recipe.seamless and OPTIMIZERS[recipe.optimizer].carries_state:
        optimizer.carry_from(state.optimizer)
    state.image, state.optimizer = image, optimizer
    state.ema = EMA(recipe.ema_decay)
    state.scale += 1
    state.step = 0
