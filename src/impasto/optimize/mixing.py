"""How several styles share a picture: weights on the simplex, everywhere or from scale to scale and layer to layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from impasto.errors import RecipeError
from impasto.optimize.recipe import Recipe


def mix_of(recipe: Recipe, styles: int) -> tuple[float, ...]:
    """Return the weights of ``styles`` styles, adding up to 1: ``recipe.mix``, (gamma, 1 - gamma), or even ones.

    Raises `RecipeError` where there are more or fewer weights than styles.
    """
    if recipe.mix is None:
        return (1 / styles,) * styles if styles else ()
    if len(recipe.mix) == 1 and styles == 2:
        return (recipe.mix[0], 1 - recipe.mix[0])
    if styles == 1:
        raise RecipeError("mix weighs several styles, but there is one; leave it out, or give another style.")
    if len(recipe.mix) != styles:
        given, weights = ", ".join(f"{weight:g}" for weight in recipe.mix), len(recipe.mix)
        raise RecipeError(
            f"mix has {weights} weight{'s' if weights != 1 else ''} ({given}) for {styles} styles; "
            "give one weight for two styles, else as many weights as styles."
        )
    total = sum(recipe.mix)
    return tuple(weight / total for weight in recipe.mix)


def check_mixing(recipe: Recipe, styles: int, scales: int) -> None:
    """Raise `RecipeError` where the recipe's mixing does not fit so many styles and scales."""
    mix_of(recipe, styles)
    if recipe.sigmas is not None and len(recipe.sigmas) != styles:
        there = "is 1 style" if styles == 1 else f"are {styles} styles"
        raise RecipeError(f"sigmas has {len(recipe.sigmas)} numbers, but there {there}; give one a style.")
    if recipe.blend == "statistics" and recipe.style_loss == "sliced" and styles > 1:
        raise RecipeError(
            "The style loss 'sliced' has no statistics to mix; use --blend losses, or --style-loss moments, gram or "
            "wasserstein."
        )
    places = {"layers": len(_weighted(recipe.style_layers)), "scales": scales}
    count = places.get(recipe.share, styles)
    if styles > count:
        raise RecipeError(
            f"{styles} styles cannot share {count} {recipe.share if count != 1 else recipe.share[:-1]}, for each "
            f"needs one of its own; give more {recipe.share} or fewer styles."
        )


def styles_of_scale(recipe: Recipe, styles: int, scale: int, scales: int) -> tuple[float, ...]:
    """Return the weight of each style at scale ``scale`` (from 0, the coarsest) of ``scales``."""
    if recipe.share == "scales" and styles > 1:
        acting = scale * styles // scales
        return tuple(float(index == acting) for index in range(styles))
    return (1.0,) * styles if recipe.share == "layers" else mix_of(recipe, styles)


def acts(recipe: Recipe, styles: int, style: int, layer: str, layers: Sequence[str]) -> bool:
    """Return whether ``style`` (from 0) acts at ``layer``: with share "layers" the first styles at the deepest.

    ``layers`` are the style layers from the shallowest.
    """
    if recipe.share != "layers" or styles == 1:
        return True
    return (len(layers) - 1 - layers.index(layer)) * styles // len(layers) == style


def style_name(index: int, styles: int) -> str:
    """Return what the terms of style ``index`` (from 0) begin with: "style", or "style1" of several."""
    return "style" if styles == 1 else f"style{index + 1}"


def style_gains(mix: Sequence[float], sigmas: Sequence[float]) -> dict[str, float]:
    """Return the factor on every style's terms, ``gamma_i sigma_i``, by the name its terms begin with."""
    pairs = enumerate(zip(mix, sigmas, strict=True))
    return {style_name(index, len(mix)): gamma * sigma for index, (gamma, sigma) in pairs}


def style_losses(terms: Mapping[str, float], styles: int) -> tuple[float, ...]:
    """Return the loss of each style, from the ``terms`` of an objective that was called without gains."""
    names = [style_name(index, styles) for index in range(styles)]
    return tuple(sum(v for term, v in terms.items() if term.partition("/")[0] == name) for name in names)


def _weighted(layers: Mapping[str, float]) -> dict[str, float]:
    return {layer: weight for layer, weight in layers.items() if weight}
