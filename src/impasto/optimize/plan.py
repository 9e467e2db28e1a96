"""The plan of a run: every size, step count, layer, cost and limit, printable before anything is spent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch

from impasto.encoders import Encoder
from impasto.errors import RecipeError, TooLargeError
from impasto.imaging import fit
from impasto.optimize.recipe import Recipe
from impasto.optimize.schedule import schedule

Size = tuple[int, int]

# Measured on benchmarks/memory.py: what Python and torch hold before the first picture, and the bytes a pixel
# that images, moments, averages and copies of the last good state take.
BASE_BYTES = 450 << 20
PIXEL_BYTES = 3 * 4 * 12
LBFGS_HISTORY_BYTES = 3 * 4 * 2 * 20
# Forward, gradient with respect to activations (as many multiply-adds again), and what is not convolution.
PASSES = 2.0
OVERHEAD = 1.9
MARGIN = 0.9


@dataclass(frozen=True)
class ScalePlan:
    """One scale: its size, the sizes of the styles there, its steps and multiply-adds a step."""

    height: int
    width: int
    styles: tuple[tuple[int, int], ...]
    steps: int
    macs: int


@dataclass(frozen=True)
class Plan:
    """Everything that will be done, with estimates of ``memory`` (bytes) and ``seconds``.

    ``height`` and ``width`` are those of the finished picture; a scale can be a little larger where a very thin
    picture would leave a deep layer without a position.
    """

    recipe: Recipe
    height: int
    width: int
    scales: tuple[ScalePlan, ...]
    device: str
    precision: str
    macs: int
    memory: int
    available: int | None
    seconds: float

    @property
    def steps(self) -> int:
        """Steps over all scales."""
        return sum(scale.steps for scale in self.scales)

    @property
    def fits(self) -> bool:
        """Whether the memory estimate is within what is available."""
        return self.available is None or self.memory <= MARGIN * self.available


def layers_of(recipe: Recipe, has_content: bool, has_styles: bool) -> list[str]:
    """Return the layers a run asks of the encoder."""
    layers = [name for name, weight in recipe.content_layers.items() if weight and has_content]
    layers += [name for name, weight in recipe.style_layers.items() if weight and has_styles]
    return list(dict.fromkeys(layers))


def make_plan(
    recipe: Recipe,
    encoder: Encoder,
    *,
    has_content: bool,
    styles: Sequence[Size],
    shape: Size,
    rate: float,
    available: int | None,
    composed: tuple[Size, Sequence[Size]] | None = None,
) -> Plan:
    """Return the plan for pictures of these sizes (height, width).

    ``shape`` is the aspect (height, width) of the output, ``rate`` the measured multiply-adds a second,
    ``available`` the free bytes. ``composed`` are the shape and the styles' sizes where the scales up to the base
    read other ones. Raises `RecipeError` for unknown layers, nothing to compare, or pictures too small for the
    layers.
    """
    layers = layers_of(recipe, has_content, bool(styles))
    if not layers:
        raise RecipeError(
            "There is nothing to compare: give a picture for the layers that have weights "
            f"(content {sorted(recipe.content_layers)}, style {sorted(recipe.style_layers)})."
        )
    scales = []
    for side, steps in schedule(recipe):
        at = composed if composed and recipe.base and side <= recipe.base else (shape, styles)
        scales.append(plan_scale(recipe, encoder, *at, side, steps, layers))
    macs = sum(int(scale.macs * scale.steps * PASSES) for scale in scales)
    height, width = fit(*shape, recipe.size)
    return Plan(
        recipe=recipe,
        height=height,
        width=width,
        scales=tuple(scales),
        device=str(next(encoder.parameters()).device),
        precision=str(encoder.dtype).removeprefix("torch."),
        macs=macs,
        memory=estimate_memory(recipe, encoder, scales[-1], layers),
        available=available,
        seconds=OVERHEAD * macs / rate,
    )


def plan_scale(
    recipe: Recipe,
    encoder: Encoder,
    shape: tuple[int, int],
    styles: Sequence[tuple[int, int]],
    side: int,
    steps: int,
    layers: Sequence[str],
) -> ScalePlan:
    """Return the scale of longer side ``side`` for an output of aspect ``shape`` (height, width)."""
    least = encoder.minimum_side(layers)
    height, width = (max(least, value) for value in fit(*shape, side))
    sizes = tuple(style_size(recipe, style, (height, width), least) for style in styles)
    return ScalePlan(height, width, sizes, steps, encoder.macs(height, width, layers))


def style_size(
    recipe: Recipe, style: tuple[int, int], output: tuple[int, int], least: int
) -> tuple[int, int]:
    """Return the size of a style picture at a scale of size ``output``, never below ``least``.

    Its longer side is ``stroke`` times the output's. It is enlarged for that only at scales where the picture is
    composed: detail that a style does not have is not made up. Undivided Gram matrices are sums over positions,
    so that there the style has the output's own size.
    """
    if recipe.style_loss == "gram" and recipe.gram == "undivided":
        return output
    side, composed = max(output), recipe.base or recipe.size
    most = max(*style, round(min(side, composed) * recipe.stroke))
    height, width = fit(*style, max(1, min(round(side * recipe.stroke), most)))
    return max(least, height), max(least, width)


def estimate_memory(recipe: Recipe, encoder: Encoder, scale: ScalePlan, layers: Sequence[str]) -> int:
    """Return the peak bytes at ``scale``: activations kept for the gradient, their gradient, images and state."""
    item = torch.empty((), dtype=encoder.dtype).element_size()
    pixels = scale.height * scale.width
    kept = encoder.activation_floats(scale.height, scale.width, layers) * item
    style = max((encoder.activation_floats(h, w, layers) for h, w in scale.styles), default=0) * item
    image = pixels * (PIXEL_BYTES + (LBFGS_HISTORY_BYTES if recipe.optimizer == "lbfgs" else 0))
    # Content targets are kept for every view. Only bfloat16 statistics work without a float32 copy of each layer.
    held = recipe.views * item * _floats(encoder, set(recipe.content_layers) & set(layers), pixels)
    copies = 0 if encoder.dtype == torch.bfloat16 else 2 * 4 * _floats(encoder, layers, pixels)
    return BASE_BYTES + max(int(2 * kept) + copies, style) + held + image


def _floats(encoder: Encoder, layers: Collection[str], pixels: int) -> int:
    """Return how many numbers the features of ``layers`` have at ``pixels`` positions of the picture."""
    found = (encoder.layers[name] for name in set(encoder.resolve(layers).values()))
    return sum(layer.channels * pixels // layer.stride**2 for layer in found)


def check_memory(plan: Plan, smaller: Plan | None) -> None:
    """Raise `TooLargeError` with a proposal if ``plan`` does not fit; ``smaller`` is one that does."""
    if plan.fits:
        return
    need, have = plan.memory / 1e9, (plan.available or 0) / 1e9
    advice = f"--size {smaller.recipe.size} fits" if smaller else "not even the smallest size fits here"
    raise TooLargeError(
        f"{plan.width}x{plan.height} needs about {need:.1f} GB and {have:.1f} GB are free; {advice}."
    )
