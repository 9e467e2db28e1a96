"""Targets and objective: measured once a scale, compared once a step with one encoder pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.errors import RecipeError
from impasto.imaging import resize
from impasto.losses import (
    ContentTerm,
    SlicedWassersteinLoss,
    StyleLoss,
    StyleTerm,
    Term,
    VariationTerm,
    style_loss,
)
from impasto.optimize.plan import ScalePlan
from impasto.optimize.recipe import Recipe
from impasto.optimize.views import View


class Objective:
    """The weighted sum of terms over one encoder pass of the image, seen through ``view``.

    Terms that read the image itself get it as it is. Raises `RecipeError` if two terms have a name in common.
    """

    def __init__(self, encoder: Encoder, terms: Sequence[Term], view: View | None = None) -> None:
        self.encoder = encoder
        self.view = view or View()
        self.terms = tuple(terms)
        self.layers = sorted({term.layer for term in terms if term.layer is not None})
        self.names = tuple(name for term in terms for name in term.names)
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            raise RecipeError(f"Two terms are called '{twice[0]}'; give each its own name.")

    def __call__(
        self, image: Tensor, gains: Mapping[str, float] | None = None
    ) -> tuple[Tensor, dict[str, float]]:
        """Return the scalar loss of ``image`` (1,3,h,w) and its weighted terms by name.

        ``gains`` are further factors by the part of a name before "/", like "content" or "style2"; else 1.
        """
        features = self.encoder(self.view.apply(image), self.layers)
        values = torch.cat([term(features, image) for term in self.terms])
        weights = [weight for term in self.terms for weight in term.weights]
        if gains:
            weights = [
                weight * gains.get(name.partition("/")[0], 1.0)
                for name, weight in zip(self.names, weights, strict=True)
            ]
        parts = values * values.new_tensor(weights)
        return parts.sum(), dict(zip(self.names, parts.detach().tolist(), strict=True))


@torch.no_grad()
def build_objectives(
    recipe: Recipe,
    scale: ScalePlan,
    encoder: Encoder,
    content: Tensor | None,
    styles: Sequence[Tensor],
    generator: torch.Generator | None = None,
    views: Iterable[View] = (View(),),
) -> dict[View, Objective]:
    """Return the objective of one scale for every view; each picture passes the encoder once a view.

    Several styles are mixed evenly, by their statistics. ``generator`` is where losses with random parts draw
    from, so that a checkpoint of its state resumes them exactly.
    """
    size = (scale.height, scale.width)
    content = None if content is None else resize(content, size)
    styles = [resize(style, size) for style, size in zip(styles, scale.styles, strict=True)]
    style_terms: dict[tuple[bool, bool], list[Term]] = {}
    objectives: dict[View, Objective] = {}
    for view in views:
        terms: list[Term] = []
        if content is not None and recipe.content_layers:
            terms += _content_terms(recipe, encoder, content, view)
        if styles and recipe.style_layers:
            # Statistics do not see a shift, so views that differ by one share them.
            way = (view.mirrored, view.turned)
            if way not in style_terms:
                style_terms[way] = _style_terms(recipe, encoder, styles, generator, view)
            terms += style_terms[way]
        if recipe.variation_weight:
            terms.append(VariationTerm(recipe.variation_weight, recipe.variation))
        objectives[view] = Objective(encoder, terms, view)
    return objectives


def content_factor(strength: float) -> float:
    """Return the factor on the content weight, ``10^(2 (.5 - strength))``: 10 at 0, 1 at .5, .1 at 1."""
    return float(10 ** (2 * (0.5 - strength)))


def _content_terms(recipe: Recipe, encoder: Encoder, content: Tensor, view: View) -> list[Term]:
    weights = {layer: weight for layer, weight in recipe.content_layers.items() if weight}
    features = encoder(view.apply(content), list(weights))
    alpha = recipe.content_weight * content_factor(recipe.strength)
    return [
        ContentTerm(layer, alpha * weight, features[layer], recipe.content_loss)
        for layer, weight in weights.items()
    ]


def _make_loss(recipe: Recipe, generator: torch.Generator | None) -> StyleLoss[Any]:
    if recipe.style_loss == "sliced":
        return SlicedWassersteinLoss(generator=generator, seed=recipe.seed)
    return style_loss(recipe.style_loss, normalisation=recipe.gram if recipe.style_loss == "gram" else None)


def _style_terms(
    recipe: Recipe,
    encoder: Encoder,
    styles: Sequence[Tensor],
    generator: torch.Generator | None,
    view: View,
) -> list[Term]:
    weights = {layer: weight for layer, weight in recipe.style_layers.items() if weight}
    losses = {layer: _make_loss(recipe, generator) for layer in weights}
    measured: dict[str, list[object]] = {layer: [] for layer in weights}
    for style in styles:
        features = encoder(view.orient(style), list(weights))
        for layer in weights:
            measured[layer].append(losses[layer].measure(features[layer]))
    even = [1 / len(styles)] * len(styles)
    return [
        StyleTerm(
            layer,
            losses[layer],
            [losses[layer].mix(measured[layer], even) if len(styles) > 1 else measured[layer][0]],
            [recipe.style_weight * weight],
        )
        for layer, weight in weights.items()
    ]
