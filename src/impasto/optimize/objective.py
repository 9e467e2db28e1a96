"""Objective: one encoder pass of the image and the weighted sum of all terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.errors import RecipeError
from impasto.guidance import Protection
from impasto.losses import Term
from impasto.optimize.optimizers.base import Evaluation
from impasto.optimize.views import View


class Objective:
    """The weighted sum of terms over one encoder pass of the image through ``view``.

    Terms that read the image itself get it without the view. Where something is protected, all terms get the image
    with the content image in that place. Raises `RecipeError` if two terms have the same name.
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
        repeated = sorted({name for name in self.names if self.names.count(name) > 1})
        if repeated:
            raise RecipeError(f"Two terms are called '{repeated[0]}'; give each its own name.")

    def __call__(
        self, image: Tensor, term_gains: Mapping[str, float] | None = None
    ) -> tuple[Tensor, dict[str, float]]:
        """Return the scalar loss of ``image`` (1,3,h,w) and its weighted terms by name.

        ``term_gains`` are factors on the terms by the part of their names before the "/".
        """
        if self.protection is not None:
            image = self.protection(image)
        features = self.encoder(self.view.apply(image), self.layers) if self.layers else {}
        if not self.terms:  # this view cuts off everything that may be painted
            return (image * 0).sum(), {}
        term_gains = term_gains or {}
        factors = [
            weight * term_gains.get(name.partition("/")[0], 1.0)
            for name, weight in zip(self.names, self.weights, strict=True)
        ]
        values = torch.cat([term(features, image) for term in self.terms])
        weighted = values * values.new_tensor(factors)
        return weighted.sum(), dict(zip(self.names, weighted.detach().tolist(), strict=True))

    def evaluate(self, image: Tensor, term_gains: Mapping[str, float] | None = None) -> Evaluation:
        """Set the gradient of ``image`` and return the detached loss and its weighted terms by name."""
        image.grad = None
        loss, terms = self(image, term_gains)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach(), terms
