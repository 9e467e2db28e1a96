"""Content terms of an objective."""

from __future__ import annotations

from torch import Tensor

from impasto.losses import ContentTerm, Term
from impasto.optimize.terms.scale_inputs import MIN_MASK_MEAN, ScaleInputs, TermsOfView
from impasto.optimize.views import View


def content_terms(inputs: ScaleInputs) -> TermsOfView:
    """Build one term per content layer with a weight, if there is a content image."""
    weights = {layer: weight for layer, weight in inputs.recipe.content_layers.items() if weight}
    content = inputs.content
    if content is None or not weights:
        return _no_terms

    def terms(view: View) -> list[Term]:
        return _terms_of_view(inputs, content, weights, view)

    return terms


def _terms_of_view(inputs: ScaleInputs, content: Tensor, weights: dict[str, float], view: View) -> list[Term]:
    recipe, unprotected = inputs.recipe, inputs.unprotected
    features = inputs.encode(content, list(weights), view)
    terms: list[Term] = []
    for layer, weight in weights.items():
        mask = None if unprotected is None else inputs.at_layer(view.apply(unprotected), layer)
        if mask is None or float(mask.mean()) > MIN_MASK_MEAN:
            total = recipe.content_weight * weight
            terms.append(ContentTerm(layer, total, features[layer], recipe.content_loss, mask))
    return terms


def _no_terms(view: View) -> list[Term]:  # noqa: ARG001
    return []
