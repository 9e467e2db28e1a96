"""Terms name, weigh and read what they say."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from impasto.errors import RecipeError
from impasto.losses import (
    ContentTerm,
    GramLoss,
    MRFLoss,
    RelativeMomentLoss,
    SlicedWassersteinLoss,
    StyleLoss,
    StyleTerm,
    Term,
    VariationTerm,
    WassersteinLoss,
    content_loss,
    total_variation,
)


def uneven(generator: torch.Generator, count: int) -> Tensor:
    return torch.rand(count, 1, 8, 8, generator=generator, dtype=torch.float64) + 0.1


def features_of(generator: torch.Generator) -> Tensor:
    return torch.rand(1, 3, 8, 8, generator=generator, dtype=torch.float64)


def test_terms_are_the_losses(generator: torch.Generator) -> None:
    image = torch.rand(1, 3, 8, 8, generator=generator)
    features = {"relu4_2": image + 1, "relu1_1": image * 2}
    target = torch.rand(1, 3, 8, 8, generator=generator)
    mask = (torch.rand(1, 1, 8, 8, generator=generator) > 0.5).float()
    loss = GramLoss("d2l")
    terms: list[Term] = [
        ContentTerm("relu4_2", 2.0, target, "variance", mask),
        StyleTerm("relu1_1", loss, [loss.measure(target)], [3.0], mask),
        VariationTerm(0.5, "l1"),
    ]
    expected = [
        content_loss(features["relu4_2"], target, "variance", mask),
        loss.distance(features["relu1_1"], loss.measure(target), mask),
        total_variation(image, "l1"),
    ]
    for term, value in zip(terms, expected, strict=True):
        torch.testing.assert_close(term(features, image), value.view(1))
    assert [term.names for term in terms] == [("content/relu4_2",), ("style/relu1_1",), ("variation",)]
    assert [term.weights for term in terms] == [(2.0,), (3.0,), (0.5,)]
    assert [term.layer for term in terms] == ["relu4_2", "relu1_1", None]


@pytest.mark.parametrize(
    "loss", [GramLoss("gatys"), RelativeMomentLoss(), WassersteinLoss(), MRFLoss(), "sliced"]
)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("masked", [False, True])
def test_several_targets_are_compared_as_one_by_one(
    loss: StyleLoss[Any] | str, layout: torch.memory_format, masked: bool, generator: torch.Generator
) -> None:
    seen = features_of(generator).contiguous(memory_format=layout).requires_grad_()
    samples = [features_of(generator) + index for index in range(3)]
    masks = uneven(generator, 4) if masked else None
    regions = (2, 0, 2) if masked else None
    # Fresh directions from the same seed for the sliced loss.
    first, second = (SlicedWassersteinLoss(seed=5) if isinstance(loss, str) else loss for _ in range(2))
    targets: list[Any] = [first.measure(sample) for sample in samples]
    term = StyleTerm("relu1_1", first, targets, (1, 2, 0.5), masks, regions=regions)
    assert term.names == ("style1/relu1_1", "style2/relu1_1", "style3/relu1_1")
    assert term.weights == (1, 2, 0.5)
    expected = torch.stack(
        [
            second.distance(seen, target, None if masks is None else masks[[region]])
            for target, region in zip(targets, regions or (0, 0, 0), strict=True)
        ]
    )
    found = term({"relu1_1": seen}, seen)
    torch.testing.assert_close(found, expected)
    factors = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    slopes = [torch.autograd.grad((factors * value).sum(), seen)[0] for value in (found, expected)]
    torch.testing.assert_close(slopes[0], slopes[1])


def test_masks_default_to_the_target_of_their_number(generator: torch.Generator) -> None:
    loss, seen, masks = GramLoss("gatys"), features_of(generator), uneven(generator, 2)
    targets = [loss.measure(features_of(generator)) for _ in range(2)]
    found = StyleTerm("relu1_1", loss, targets, [1, 1], masks, names=["style1/a", "style7/a"])
    assert found.names == ("style1/a", "style7/a")
    expected = [loss.distance(seen, target, masks[[i]]) for i, target in enumerate(targets)]
    torch.testing.assert_close(found({"relu1_1": seen}, seen), torch.stack(expected))


class Counting(GramLoss):
    """Says how often it turned sums into a measured style."""

    measured = 0

    def from_sums(self, sums: Any) -> Tensor:
        self.measured += 1
        return super().from_sums(sums)


def test_a_picture_or_shared_region_is_measured_once(generator: torch.Generator) -> None:
    loss, seen = Counting("gatys"), features_of(generator)
    targets = [loss.measure(features_of(generator)) for _ in range(3)]
    for masks, regions, expected in ((None, None, 1), (uneven(generator, 4), (3, 1, 3), 2)):
        term = StyleTerm("relu1_1", loss, targets, [1, 1, 1], masks, regions=regions)
        loss.measured = 0
        term({"relu1_1": seen}, seen)
        assert loss.measured == expected


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_bad_weights(weight: float) -> None:
    target = torch.ones(1, 3, 4, 4)
    with pytest.raises(RecipeError, match="content/relu4_2"):
        ContentTerm("relu4_2", weight, target, "mean")
    with pytest.raises(RecipeError, match="style2/relu1_1"):
        StyleTerm("relu1_1", GramLoss("gatys"), [GramLoss("gatys").measure(target)] * 2, [1, weight])
    with pytest.raises(RecipeError, match="variation"):
        VariationTerm(weight, "l1")


def test_bad_choices_are_refused_when_made() -> None:
    with pytest.raises(RecipeError, match="content normalisation"):
        ContentTerm("relu4_2", 1.0, torch.ones(1, 3, 4, 4), "none")
    with pytest.raises(RecipeError, match="mask"):
        ContentTerm("relu4_2", 1.0, torch.ones(1, 3, 4, 4), "mean", torch.zeros(1, 1, 4, 4))
    with pytest.raises(RecipeError, match="total variation form"):
        VariationTerm(1.0, "l7")
    loss = GramLoss("gatys")
    two, masks = [loss.measure(torch.ones(1, 3, 4, 4))] * 2, torch.ones(2, 1, 4, 4)
    for arguments in (([], []), (two, [1]), (two, [1, 1], None, ["one"])):
        with pytest.raises(RecipeError, match="at least one target"):
            StyleTerm("relu1_1", loss, *arguments)
    for regions in ((0,), (0, 2), (-1, 0)):
        with pytest.raises(RecipeError, match="from 0 to 1"):
            StyleTerm("relu1_1", loss, two, [1, 1], masks, regions=regions)
    with pytest.raises(RecipeError, match="from 0 to 0"):
        StyleTerm("relu1_1", loss, two, [1, 1], masks[:1])
    with pytest.raises(RecipeError, match="no masks"):
        StyleTerm("relu1_1", loss, two, [1, 1], regions=(0, 0))
    with pytest.raises(RecipeError, match="mask"):
        StyleTerm("relu1_1", loss, two, [1, 1], 0 * masks)
