"""Mixing of several styles: weights on the simplex, everywhere or per scale and layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from impasto.errors import RecipeError
from impasto.losses.registry import STYLE_LOSSES
from impasto.optimize.recipe import Recipe


def mix_of(recipe: Recipe, styles: int) -> tuple[float, ...]:
    """Return the weights of ``styles`` styles, adding up to 1: ``recipe.mix``, (gamma, 1 - gamma), or even weights.

    Raises `RecipeError` if the number of weights does not fit the number of styles.
    """
    if recipe.mix is None:
        return (1 / styles,) * styles if styles else ()
    if len(recipe.mix) == 1 and styles == 2:
        return (recipe.mix[0], 1 - recipe.mix[0])
    if styles == 1:
        raise RecipeError("mix weighs several styles, but there is one; leave it out, or give another style.")
    if len(recipe.mix) != styles:
        weights, count = ", ".join(f"{weight:g}" for weight in recipe.mix), len(recipe.mix)
        raise RecipeError(
            f"mix has {count} weight{'s' if count != 1 else ''} ({weights}) for {styles} styles; "
            "give one weight per style, or one weight for two styles."
        )
    total = sum(recipe.mix)
    return tuple(weight / total for weight in recipe.mix)


def check_mixing(recipe: Recipe, styles: int, scales: int) -> None:
    """Raise `RecipeError` if the recipe's mixing does not fit the numbers of styles and scales."""
    mix_of(recipe, styles)
    if recipe.sigmas is not None and len(recipe.sigmas) != styles:
        numbers = "is 1 style" if styles == 1 else f"are {styles} styles"
        raise RecipeError(
            f"sigmas has {len(recipe.sigmas)} numbers, but there {numbers}; give one number per style."
        )
    if recipe.blend == "statistics" and styles > 1 and not STYLE_LOSSES[recipe.style_loss].mixes:
        others = " or ".join(name for name, entry in STYLE_LOSSES.items() if entry.mixes)
        raise RecipeError(
            f"The style loss '{recipe.style_loss}' has no statistics to mix; use --blend losses, or --style-loss "
            f"{others}."
        )
    available = {"layers": sum(1 for weight in recipe.style_layers.values() if weight), "scales": scales}
    count = available.get(recipe.share, styles)
    if styles > count:
        raise RecipeError(
            f"{styles} styles cannot share {count} {recipe.share if count != 1 else recipe.share[:-1]}, because each "
            f"needs its own; give more {recipe.share} or fewer styles."
        )


def styles_of_scale(recipe: Recipe, styles: int, scale: int, scales: int) -> tuple[float, ...]:
    """Return the weight of each style at scale ``scale`` (from 0, the coarsest) of ``scales``."""
    if recipe.share == "scales" and styles > 1:
        active = scale * styles // scales
        return tuple(float(index == active) for index in range(styles))
    return (1.0,) * styles if recipe.share == "layers" else mix_of(recipe, styles)


def acts(recipe: Recipe, styles: int, style: int, layer: str, layers: Sequence[str]) -> bool:
    """Return whether ``style`` (from 0) acts at ``layer``.

    With share "layers", the first styles act at the deepest layers. ``layers`` are the style layers, shallowest first.
    """
    if recipe.share != "layers" or styles == 1:
        return True
    return (len(layers) - 1 - layers.index(layer)) * styles // len(layers) == style


def style_name(index: int, styles: int) -> str:
    """Return the first part of the names of a style's terms: "style", or "style1" and so on for several."""
    return "style" if styles == 1 else f"style{index + 1}"


def style_gains(mix: Sequence[float], sigmas: Sequence[float]) -> dict[str, float]:
    """Return the factor ``gamma_i sigma_i`` on every style's terms, by `style_name`."""
    pairs = enumerate(zip(mix, sigmas, strict=True))
    return {style_name(index, len(mix)): gamma * sigma for index, (gamma, sigma) in pairs}


def style_losses(terms: Mapping[str, float], styles: int) -> tuple[float, ...]:
    """Return the loss of each style: the sum of its ``terms``. Gains that the terms contain are not removed."""
    names = [style_name(index, styles) for index in range(styles)]
    return tuple(sum(v for term, v in terms.items() if term.partition("/")[0] == name) for name in names)
