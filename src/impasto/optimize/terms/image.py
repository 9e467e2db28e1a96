"""Terms of an objective that read pixels: total variation, value range, the anchor to the image of the base size."""

from __future__ import annotations

from impasto.losses import AnchorTerm, ValueRangeTerm, VariationTerm
from impasto.optimize.terms.scale_inputs import ScaleInputs, TermsOfView


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
