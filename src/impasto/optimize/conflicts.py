"""Conflicts between settings, with the reason for each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from impasto.losses.registry import CONTENT_LOSSES, STYLE_LOSSES
from impasto.optimize.optimizers.registry import OPTIMIZERS
from impasto.optimize.recipe_fields import RecipeFields

# Typed weights have few digits, so their sum may differ from 1 by this much.
ROUNDING = 5e-3


def conflict(recipe: RecipeFields) -> str | None:
    """Return why the settings of ``recipe`` do not fit together, None if they do."""
    for part in (_mixing_conflicts, _content_conflicts, _schedule_conflicts, _optimizer_conflicts):
        for reason in part(recipe):
            return reason
    return None


def _mixing_conflicts(recipe: RecipeFields) -> Iterator[str]:
    if recipe.mix is not None:
        total = sum(recipe.mix)
        if len(recipe.mix) == 1 and total > 1:
            yield f"mix is {recipe.mix[0]:g}, but the first style's weight lies between 0 and 1"
        if len(recipe.mix) != 1 and abs(total - 1) > ROUNDING:
            weights = ", ".join(f"{weight:g}" for weight in recipe.mix) or "empty"
            yield f"the weights of mix ({weights}) add up to {total:g}; make them add up to 1"
        if recipe.share != "everywhere":
            yield f"mix weighs styles everywhere, but share is '{recipe.share}'; leave one of them out"
    if recipe.sigmas is not None and recipe.blend == "statistics":
        yield "sigmas are factors on the styles' losses, but blend is 'statistics'; leave one of them out"
    if recipe.sigmas is not None and not all(recipe.sigmas):
        yield "sigmas are numbers above 0; use mix to leave a style out"


def _content_conflicts(recipe: RecipeFields) -> Iterator[str]:
    if recipe.box is not None and recipe.aspect is not None:
        yield f"size {recipe.size} sets width and height, so that aspect has nothing to set; leave it out"
    if recipe.hold and not CONTENT_LOSSES[recipe.content_loss].comparable:
        allowed = " or ".join(f"'{name}'" for name, entry in CONTENT_LOSSES.items() if entry.comparable)
        yield (
            f"hold needs the content loss {allowed}, whose values are comparable between images, not "
            f"'{recipe.content_loss}'; use --no-hold"
        )
    if recipe.seamless and recipe.start == "picture":
        yield "a seamless texture cannot start from a picture, which does not tile"
    if recipe.start == "picture" and not recipe.start_picture:
        yield "start 'picture' needs start_picture, the file to start from"
    if not any(recipe.content_layers.values()) and not any(recipe.style_layers.values()):
        yield "at least one content or style layer needs a weight above 0"


def _schedule_conflicts(recipe: RecipeFields) -> Iterator[str]:
    if recipe.scales is not None and any(a[0] > b[0] for a, b in pairwise(recipe.scales)):
        yield "scales must not shrink from one to the next"


def _optimizer_conflicts(recipe: RecipeFields) -> Iterator[str]:
    optimizer = OPTIMIZERS[recipe.optimizer]
    if recipe.value_range_weight and recipe.clamp:
        yield "value_range_weight penalises pixels outside [0, 1], which clamp leaves none of; use --no-clamp"
    if "betas" in optimizer.settings and not all(0 <= beta < 1 for beta in recipe.betas):
        yield f"betas must lie in [0, 1), given {recipe.betas}"
    if recipe.smooth_steps and "smooth_steps" not in optimizer.settings:
        yield f"smooth_steps is for Adam, not {optimizer.label}; use --no-smooth-steps"
    if not optimizer.needs_fixed_objective:
        return
    others = " or ".join(name for name, entry in OPTIMIZERS.items() if not entry.needs_fixed_objective)
    for condition, reason in (
        (recipe.hold, "hold changes the content weight at every step; use --no-hold"),
        (
            STYLE_LOSSES[recipe.style_loss].random,
            f"style_loss '{recipe.style_loss}' draws random numbers at every step; use another style loss",
        ),
        (
            recipe.pixel_units != "unit",
            f"pixel_units '{recipe.pixel_units}' are for Adam's learning rate; use --pixel-units unit",
        ),
        (recipe.views > 1, f"views = {recipe.views} changes the view at every step; use --views 1"),
        (recipe.seamless, "seamless shifts the image at every step; leave it out"),
    ):
        if condition:
            yield f"{optimizer.label} needs a fixed objective, but {reason}, or --optimizer {others}"
