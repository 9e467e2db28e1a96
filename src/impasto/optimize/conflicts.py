"""Settings that do not fit together, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from impasto.optimize.recipe import Recipe

# Weights that were typed with a few digits add up to 1 only so far.
ROUNDING = 5e-3


def conflict(recipe: Recipe) -> str | None:
    """Return why the settings of ``recipe`` do not fit together, None if they do."""
    for part in (_of_mixing, _of_content, _of_schedule, _of_optimizer):
        for reason in part(recipe):
            return reason
    return None


def _of_mixing(recipe: Recipe) -> Iterator[str]:
    if recipe.mix is not None:
        total = sum(recipe.mix)
        if len(recipe.mix) == 1 and total > 1:
            yield f"mix is {recipe.mix[0]:g}, but the first style's weight lies between 0 and 1"
        if len(recipe.mix) != 1 and abs(total - 1) > ROUNDING:
            given = ", ".join(f"{weight:g}" for weight in recipe.mix) or "empty"
            yield f"the weights of mix ({given}) add up to {total:g}; make them add up to 1"
        if recipe.share != "everywhere":
            yield f"mix weighs styles everywhere, but share is '{recipe.share}'; leave one of them out"
    if recipe.sigmas is not None and recipe.blend == "statistics":
        yield "sigmas are factors on the styles' losses, but blend is 'statistics'; leave one of them out"
    if recipe.sigmas is not None and not all(recipe.sigmas):
        yield "sigmas are numbers above 0; use mix to leave a style out"


def _of_content(recipe: Recipe) -> Iterator[str]:
    if recipe.hold and recipe.optimizer == "lbfgs":
        yield "hold changes the loss from step to step, which L-BFGS does not bear; use --no-hold or adam"
    if recipe.hold and recipe.content_loss != "variance":
        yield (
            f"hold needs the content loss 'variance', whose values mean the same everywhere, not "
            f"'{recipe.content_loss}'; use --no-hold"
        )
    if recipe.seamless and recipe.start == "picture":
        yield "a seamless texture cannot start from a picture, which does not wrap around"
    if recipe.start == "picture" and not recipe.start_picture:
        yield "start 'picture' needs start_picture, the file to start from"
    if not any(recipe.content_layers.values()) and not any(recipe.style_layers.values()):
        yield "at least one content or style layer needs a weight above 0"


def _of_schedule(recipe: Recipe) -> Iterator[str]:
    if recipe.scales is not None and any(a[0] > b[0] for a, b in pairwise(recipe.scales)):
        yield "scales must not shrink from one to the next"


def _of_optimizer(recipe: Recipe) -> Iterator[str]:
    if recipe.optimizer == "adam":
        if not all(0 <= beta < 1 for beta in recipe.betas):
            yield f"betas must lie in [0, 1), given {recipe.betas}"
        return
    if recipe.style_loss == "sliced":
        yield "style_loss 'sliced' changes from call to call, which no line search bears; use adam"
    if recipe.views > 1:
        yield f"views = {recipe.views} changes the loss from step to step, which L-BFGS does not bear"
    if recipe.seamless:
        yield "seamless shifts the picture from step to step, which L-BFGS does not bear; use adam"
