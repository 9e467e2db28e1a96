"""Terms name, weigh and read what they say."""

from __future__ import annotations

import pytest
import torch

from impasto.errors import RecipeError
from impasto.losses import (
    ContentTerm,
    GramLoss,
    StyleTerm,
    Term,
    VariationTerm,
    content_loss,
    total_variation,
)


def test_terms_are_the_losses(generator: torch.Generator) -> None:
    image = torch.rand(1, 3, 8, 8, generator=generator)
    features = {"relu4_2": image + 1, "relu1_1": image * 2}
    target = torch.rand(1, 3, 8, 8, generator=generator)
    mask = (torch.rand(1, 1, 8, 8, generator=generator) > 0.5).float()
    loss = GramLoss("d2l")
    terms: list[Term] = [
        ContentTerm("relu4_2", 2.0, target, "variance", mask),
        StyleTerm("relu1_1", 3.0, loss, loss.measure(target), mask),
        VariationTerm(0.5, "l1"),
    ]
    expected = [
        content_loss(features["relu4_2"], target, "variance", mask),
        loss.distance(features["relu1_1"], loss.measure(target), mask),
        total_variation(image, "l1"),
    ]
    for term, value in zip(terms, expected, strict=True):
        assert torch.equal(term(features, image), value)
    assert [term.name for term in terms] == ["content/relu4_2", "style/relu1_1", "variation"]
    assert [term.weight for term in terms] == [2.0, 3.0, 0.5]
    assert [term.layer for term in terms] == ["relu4_2", "relu1_1", None]


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_bad_weights(weight: float) -> None:
    target = torch.ones(1, 3, 4, 4)
    with pytest.raises(RecipeError, match="content/relu4_2"):
        ContentTerm("relu4_2", weight, target, "mean")
    with pytest.raises(RecipeError, match="style/relu1_1"):
        StyleTerm("relu1_1", weight, GramLoss(), GramLoss().measure(target))
    with pytest.raises(RecipeError, match="variation"):
        VariationTerm(weight, "l1")


def test_bad_choices_are_refused_when_made() -> None:
    with pytest.raises(RecipeError, match="content normalisation"):
        ContentTerm("relu4_2", 1.0, torch.ones(1, 3, 4, 4), "none")
    with pytest.raises(RecipeError, match="total variation form"):
        VariationTerm(1.0, "l7")
