"""Plan of a run: all sizes and steps, with estimates of memory and time, before anything is painted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from math import prod

from impasto.encoders import Encoder
from impasto.errors import RecipeError, TooLargeError
from impasto.imaging import fit
from impasto.imaging.print_sizes import Size
from impasto.losses.registry import STYLE_LOSSES
from impasto.losses.tiled import style_loss_tiles
from impasto.optimize.memory import (
    MEMORY_MARGIN,
    ScalePlan,
    estimate_memory,
    patch_layers,
    place_tiles_in,
    rooms_of,
)
from impasto.optimize.recipe import Recipe
from impasto.optimize.scale_encoders import ScaleEncoders
from impasto.optimize.schedule import schedule

# The forward pass, and the gradient with respect to activations with as many multiply-adds.
PASSES = 2.0
# Time of the optimiser, the moving average and the checks of a step, relative to that of its gradient.
OVERHEAD = 1.1
# The picture painted in one pass that a run starts from: seconds to open the network, and multiply-adds of the same
# speed for a pixel of the picture, and for a pixel of a style image, which has a longer side of 512 at stroke 1.
# Measured with one thread on a CPU without bfloat16; the network has 53,500 multiply-adds a pixel.
START_SECONDS, START_MACS, START_STYLE_MACS = 0.3, 56_000, 41_000
START_STYLE_SIDE = 512


@dataclass(frozen=True)
class PictureSizes:
    """Sizes of the input images.

    ``aspect`` is a height and width whose ratio is the output's; their scale means nothing. ``styles`` are the heights
    and widths of the style images.
    """

    aspect: Size
    styles: tuple[Size, ...]
    has_content: bool


@dataclass(frozen=True)
class Plan:
    """Everything that a run will do, with estimates of ``memory`` (bytes) and ``seconds``.

    ``start_seconds`` of them are for the picture painted in one pass that the run starts from.

    ``total_macs`` are the multiply-adds of all forward and backward passes of the encoder, and of matching patches.

    ``height`` and ``width`` are those of the output. A scale of a very thin image can be slightly larger, so that its
    deepest layer has at least one position. ``notes`` are sentences that a user should read before the run starts.
    """

    recipe: Recipe
    height: int
    width: int
    scales: tuple[ScalePlan, ...]
    device: str
    precision: str
    total_macs: int
    memory: int
    available: int | None
    seconds: float
    start_seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def steps(self) -> int:
        """Steps over all scales."""
        return sum(scale.steps for scale in self.scales)

    @property
    def fits(self) -> bool:
        """Whether the memory estimate fits into the available memory."""
        return self.available is None or self.memory <= MEMORY_MARGIN * self.available


def layers_of(recipe: Recipe, has_content: bool, has_styles: bool) -> list[str]:
    """Return the encoder layers that a run needs."""
    layers = [name for name, weight in recipe.content_layers.items() if weight and has_content]
    layers += [name for name, weight in recipe.style_layers.items() if weight and has_styles]
    return list(dict.fromkeys(layers))


def make_plan(
    recipe: Recipe,
    encoders: ScaleEncoders,
    sizes_at: Callable[[int], PictureSizes],
    *,
    available: int | None,
) -> Plan:
    """Return the plan of a run.

    ``sizes_at`` returns the sizes of the input images for a scale, given its longer side. ``available`` is the
    free memory in bytes. Raises `RecipeError` for unknown layers, if there is
    nothing to compare, or for images that are too small for the layers.
    """
    full = sizes_at(recipe.side)
    layers = layers_of(recipe, full.has_content, bool(full.styles))
    if not layers:
        raise RecipeError(
            "There is nothing to compare: give a picture for the layers that have weights "
            f"(content {sorted(recipe.content_layers)}, style {sorted(recipe.style_layers)})."
        )
    scales: list[ScalePlan] = []
    total_macs, memory, seconds = 0, 0, 0.0
    untiled = [
        plan_scale(recipe, encoders.at(recipe, side), sizes_at(side), side, steps, layers)
        for side, steps in schedule(recipe)
    ]
    rooms = rooms_of(encoders.main, untiled[-1], available)
    for whole in untiled:
        side = max(whole.height, whole.width)
        encoder = encoders.at(recipe, side)
        scale = place_tiles_in(recipe, encoder, whole, layers, rooms)
        macs = int(scale.macs_per_pass * scale.steps * PASSES)
        total_macs += macs
        seconds += (OVERHEAD * macs + _target_macs(encoder, scale, layers)) / encoders.speed_at(recipe, side)
        memory = max(memory, estimate_memory(recipe, encoder, scale, layers))
        scales.append(scale)
    height, width = fit(*full.aspect, recipe.side)
    start_seconds = _start_seconds(recipe, full, encoders.speed)
    return Plan(
        recipe=recipe,
        height=height,
        width=width,
        scales=tuple(scales),
        device=str(next(encoders.main.parameters()).device),
        precision=str(encoders.main.dtype).removeprefix("torch."),
        total_macs=total_macs,
        memory=memory,
        available=available,
        seconds=seconds + start_seconds,
        start_seconds=start_seconds,
    )


def _start_seconds(recipe: Recipe, sizes: PictureSizes, speed: float) -> float:
    """Return the time of the picture painted in one pass that a run starts from; 0 for other starts."""
    if recipe.start != "fast" or not sizes.has_content:
        return 0.0
    passes = 2 if recipe.strength > 1 else 1
    macs = START_MACS * passes * prod(fit(*sizes.aspect, min(recipe.side, recipe.base or recipe.side)))
    side = max(1, round(START_STYLE_SIDE * recipe.stroke))
    macs += START_STYLE_MACS * sum(prod(fit(*style, side)) for style in sizes.styles)
    return START_SECONDS + macs / speed


def _target_macs(encoder: Encoder, scale: ScalePlan, layers: Sequence[str]) -> int:
    """Return the multiply-adds of measuring content and styles at a scale."""
    sizes = [(scale.height, scale.width), *scale.styles]
    return sum(encoder.macs(height, width, layers) for height, width in sizes)


def plan_scale(
    recipe: Recipe,
    encoder: Encoder,
    sizes: PictureSizes,
    side: int,
    steps: int,
    layers: Sequence[str],
) -> ScalePlan:
    """Return the scale whose longer side is ``side``."""
    matched = patch_layers(recipe, layers)
    patch = STYLE_LOSSES[recipe.style_loss].patch
    least = max(encoder.minimum_side(layers), patch * encoder.minimum_side(matched))
    height, width = (max(least, value) for value in fit(*sizes.aspect, side))
    styles = tuple(style_size(recipe, style, (height, width), least) for style in sizes.styles)
    macs = encoder.macs(height, width, layers)
    matching = sum(_matching_macs(encoder, matched, patch, (height, width), style) for style in styles)
    return ScalePlan(height, width, styles, steps, macs + round(matching / PASSES))


def _matching_macs(encoder: Encoder, layers: Collection[str], patch: int, output: Size, style: Size) -> int:
    """Return the multiply-adds of comparing all patches of the output with all of a style image at ``layers``."""
    infos = (encoder.layers[name] for name in encoder.resolve(layers).values())
    return sum(
        (output[0] // info.stride)
        * (output[1] // info.stride)
        * (style[0] // info.stride)
        * (style[1] // info.stride)
        * patch**2
        * info.channels
        for info in infos
    )


def style_size(recipe: Recipe, style: Size, output: Size, least: int) -> Size:
    """Return the size of a style image at a scale of size ``output``, at least ``least`` pixels a side.

    Its longer side is ``stroke`` times the output's. Scales above the base size do not enlarge it further: they add
    detail, and an enlarged image has none to add. Some losses need a style image of the output's size.
    """
    if STYLE_LOSSES[recipe.style_loss].needs_same_size(recipe):
        return output
    side, base = max(output), recipe.base or recipe.side
    largest = max(*style, round(min(side, base) * recipe.stroke))
    height, width = fit(*style, max(1, min(round(side * recipe.stroke), largest)))
    return max(least, height), max(least, width)


def check_memory(plan: Plan, smaller: Plan | None) -> None:
    """Raise `TooLargeError` if ``plan`` does not fit, proposing ``smaller``, a plan that does."""
    if plan.fits:
        return
    need, have = plan.memory / 1e9, (plan.available or 0) / 1e9
    advice = f"--size {smaller.recipe.side} fits" if smaller else "not even the smallest size fits here"
    if not style_loss_tiles(plan.recipe.style_loss):
        able = " or ".join(name for name in STYLE_LOSSES if style_loss_tiles(name))
        advice += f", and with --style-loss {able} larger pictures are painted in tiles"
    raise TooLargeError(
        f"{plan.width}x{plan.height} needs about {need:.1f} GB, but a run may use {MEMORY_MARGIN * have:.1f} GB, "
        f"{MEMORY_MARGIN:.0%} of the {have:.1f} GB that are free; {advice}."
    )
