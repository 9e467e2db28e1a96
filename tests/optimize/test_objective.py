"""The objective: names, gains, and what terms read of a picture that is seen through a view."""

from __future__ import annotations

import pytest
import torch

from impasto.encoders import open_encoder
from impasto.errors import RecipeError
from impasto.losses import ContentTerm, GramLoss, StyleTerm, VariationTerm, total_variation
from impasto.optimize.objective import Objective
from impasto.optimize.views import View

from .conftest import picture


def make(view: View) -> Objective:
    """One content layer, two styles and variation, through the tiny encoder."""
    encoder = open_encoder("tiny")
    with torch.no_grad():
        seen = encoder(view.apply(picture(40, 48, 1)), ["relu1_1", "relu2_1"])
        loss = GramLoss("gatys")
        targets = [loss.measure(encoder(picture(32, 32, seed), ["relu1_1"])["relu1_1"]) for seed in (2, 3)]
    terms = [
        ContentTerm("relu2_1", 2.0, seen["relu2_1"], "mean"),
        StyleTerm("relu1_1", loss, targets, [3.0, 5.0]),
        VariationTerm(0.5, "l1"),
    ]
    return Objective(encoder, terms, view)


NAMES = ["content/relu2_1", "style1/relu1_1", "style2/relu1_1", "variation"]


def test_values_are_weighted_named_and_summed():
    objective, image = make(View()), picture(40, 48, 4)
    loss, parts = objective(image)
    assert list(parts) == NAMES
    features = objective.encoder(image, objective.layers)
    expected = [
        float(weight * value)
        for term in objective.terms
        for weight, value in zip(term.weights, term(features, image), strict=True)
    ]
    assert list(parts.values()) == pytest.approx(expected)
    assert float(loss) == pytest.approx(sum(expected))


def test_gains_multiply_the_terms_of_their_name_and_the_gradient():
    objective, image = make(View()), picture(40, 48, 4).requires_grad_()
    gains = {"content": 0.0, "style2": 3.0, "variation": 2.0}
    _, plain = objective(image)
    loss, parts = objective(image, gains)
    factors = dict(zip(NAMES, (0.0, 1.0, 3.0, 2.0), strict=True))
    assert parts == pytest.approx({name: factors[name] * value for name, value in plain.items()})
    (slope,) = torch.autograd.grad(loss, image)
    alone = []
    for prefix in ("content", "style1", "style2", "variation"):
        others = dict.fromkeys({"content", "style1", "style2", "variation"} - {prefix}, 0.0)
        alone.append(torch.autograd.grad(objective(image, others)[0], image)[0])
    torch.testing.assert_close(slope, alone[1] + 3 * alone[2] + 2 * alone[3])


def test_terms_of_the_picture_do_not_see_the_view():
    image = picture(40, 48, 4)
    _, parts = make(View(top=5, left=3, mirrored=True, transposed=True))(image)
    assert parts["variation"] == pytest.approx(0.5 * float(total_variation(image, "l1")))


def test_a_name_is_used_once():
    with pytest.raises(RecipeError, match="variation"):
        Objective(open_encoder("tiny"), [VariationTerm(1.0, "l1"), VariationTerm(2.0, "l2")])
