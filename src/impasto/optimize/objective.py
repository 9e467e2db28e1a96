"""The objective: one encoder pass of the picture, and every term that looks at it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.errors import RecipeError
from impasto.guidance.finish import Protection
from impasto.losses import AnchorTerm, Term, VariationTerm
from impasto.optimize.targets import Targets
from impasto.optimize.views import View


class Objective:
    """The weighted sum of terms over one encoder pass of the image, seen through ``view``.

    Terms that read the image itself get it as it is. Where something is protected, all see the photograph there.
    Raises `RecipeError` if two terms have a name in common.
    """

    def __init__(
        self,
        encoder: Encoder,
        terms: Sequence[Term],
        view: View | None = None,
        protection: Protection | None = None,
    ) -> None:
        self.encoder = encoder
        self.view = view or View()
        self.protection = protection
        self.terms = tuple(terms)
        self.layers = sorted({term.layer for term in terms if term.layer is not None})
        self.names = [name for term in terms for name in term.names]
        self.weights = [weight for term in terms for weight in term.weights]
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            raise RecipeError(f"Two terms are called '{twice[0]}'; give each its own name.")

    def __call__(
        self, image: Tensor, gains: Mapping[str, float] | None = None
    ) -> tuple[Tensor, dict[str, float]]:
        """Return the scalar loss of ``image`` (1,3,h,w) and its weighted terms by name.

        ``gains`` are factors on the terms by what their names begin with, before the "/".
        """
        if self.protection is not None:
            image = self.protection(image)
        features = self.encoder(self.view.apply(image), self.layers) if self.layers else {}
        if not self.terms:  # this view cuts off all that is not protected
            return (image * 0).sum(), {}
        gains = gains or {}
        factors = [
            weight * gains.get(name.partition("/")[0], 1.0)
            for name, weight in zip(self.names, self.weights, strict=True)
        ]
        values = torch.cat([term(features, image) for term in self.terms])
        weighted = values * values.new_tensor(factors)
        return weighted.sum(), dict(zip(self.names, weighted.detach().tolist(), strict=True))


@torch.no_grad()
def build_objectives(
    targets: Targets, views: Iterable[View] = (View(),), composed: Tensor | None = None
) -> dict[View, Objective]:
    """Return the objective of one scale for every view.

    ``composed`` (1,3,h,w) is the picture of the base size, at scales above it.
    """
    recipe = targets.recipe
    always: list[Term] = []
    if recipe.variation_weight:
        always.append(VariationTerm(recipe.variation_weight, recipe.variation))
    if composed is not None and recipe.anchor:
        shown = composed if targets.protection is None else targets.protection(composed)
        always.append(AnchorTerm(recipe.anchor, shown))
    return {
        view: Objective(targets.encoder, [*targets.terms(view), *always], view, targets.protection)
        for view in views
    }
