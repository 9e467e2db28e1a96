"""Terms of an objective that read pixels: total variation, value range, and ties to other images."""

from __future__ import annotations

from impasto.imaging import resize
from impasto.losses import AnchorTerm, LayoutTerm, ValueRangeTerm, VariationTerm
from impasto.optimize.terms.scale_inputs import ScaleInputs, TermsOfView

# The layout of colours is the picture at this share of its size.
LAYOUT_SCALE = 16


def variation_terms(inputs: ScaleInputs) -> TermsOfView:
    """Build the term of total variation, if the recipe gives it a weight."""
    recipe = inputs.recipe
    terms = [VariationTerm(recipe.variation_weight, recipe.variation)] if recipe.variation_weight else []
    return lambda view: terms  # noqa: ARG005 (the same for every view)


def value_range_terms(inputs: ScaleInputs) -> TermsOfView:
    """Build the penalty on pixels outside [0, 1], if the recipe gives it a weight."""
    weight = inputs.recipe.value_range_weight
    terms = [ValueRangeTerm(weight)] if weight else []
    return lambda view: terms  # noqa: ARG005 (the same for every view)


def anchor_terms(inputs: ScaleInputs) -> TermsOfView:
    """Build the term that keeps scales above the base size close to the image of the base size."""
    terms = []
    if inputs.base_image is not None and inputs.recipe.anchor:
        image, protection = inputs.base_image, inputs.protection
        terms.append(AnchorTerm(inputs.recipe.anchor, image if protection is None else protection(image)))
    return lambda view: terms  # noqa: ARG005 (the same for every view)


def layout_terms(inputs: ScaleInputs) -> TermsOfView:
    """Build the term that keeps the initial picture's layout of colours, up to the base size.

    Style images recoloured to match the content image have other colours than the initial picture, so there is no term
    then.
    """
    recipe, protection, terms = inputs.recipe, inputs.protection, []
    recoloured = recipe.colors > 0 and recipe.color_method != "luminance"
    if recipe.layout and inputs.start is not None and inputs.base_image is None and not recoloured:
        height, width = (max(1, round(side / LAYOUT_SCALE)) for side in inputs.size)
        picture = inputs.start if protection is None else protection(inputs.start)
        terms.append(LayoutTerm(recipe.layout, resize(picture, (height, width))))
    return lambda view: terms  # noqa: ARG005 (the same for every view)
