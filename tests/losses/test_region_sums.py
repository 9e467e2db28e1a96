"""Regions measured together against regions measured one by one."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.errors import RecipeError
from impasto.losses import MomentSums, Regions, RelativeMomentLoss, moment_sums
from impasto.losses.position_blocks import PositionBlocks, sorted_blocks
from impasto.losses.sums import is_channels_last

LAYOUTS = [torch.contiguous_format, torch.channels_last]


def draw(generator: torch.Generator, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def soft(generator: torch.Generator, count: int, height: int, width: int) -> Tensor:
    """Weights without any order, a third of them 0."""
    return (torch.rand(count, 1, height, width, generator=generator) * 1.5 - 0.5).clamp_min(0)


def quarters(height: int, width: int) -> Tensor:
    """Four regions with hard edges, one pixel wide gaps between them, the last of weight 1/2."""
    masks = torch.zeros(4, 1, height, width)
    rows, columns = height // 2, width // 2
    masks[0, :, : rows - 1, : columns - 1] = 1
    masks[1, :, : rows - 1, columns:] = 1
    masks[2, :, rows:, : columns - 1] = 1
    masks[3, :, rows:, columns:] = 0.5
    return masks


def fade(height: int, width: int) -> Tensor:
    """Two regions that fade into each other from left to right."""
    right = torch.linspace(-0.2, 1.2, width).clamp(0, 1).expand(1, 1, height, width)
    return torch.cat([1 - right, right])


def gradient(features: Tensor, found: list[MomentSums]) -> Tensor:
    """The gradient of something that is different in each region."""
    total = sum(
        (index + 1) * (sums.moments().mean.square().sum() + sums.moments().second.pow(3).sum())
        for index, sums in enumerate(found)
    )
    (slope,) = torch.autograd.grad(total, features)
    return slope


def one_by_one(features: Tensor, weights: Tensor) -> list[MomentSums]:
    """The exact sums of regions, each measured alone."""
    return [moment_sums(features, weight[None]) for weight in weights]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("masks", ["soft", "quarters"])
def test_regions_are_measured_as_one_by_one(
    generator: torch.Generator, layout: torch.memory_format, batch: int, masks: str
) -> None:
    height, width = 26, 28
    weights = soft(generator, 3, height, width) if masks == "soft" else quarters(height, width)
    features = draw(generator, batch, 5, height, width).contiguous(memory_format=layout).requires_grad_()
    found = Regions(weights).sums(features)
    alone = one_by_one(features, weights)
    for one, other in zip(found, alone, strict=True):
        torch.testing.assert_close(one.count, other.count, rtol=1e-6, atol=0)
        torch.testing.assert_close(one.first, other.first)
        torch.testing.assert_close(one.second, other.second)
    torch.testing.assert_close(gradient(features, found), gradient(features, alone), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_gradient(
    generator: torch.Generator, layout: torch.memory_format, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("impasto.losses.position_blocks.MIN_BLOCK", 2)
    features = draw(generator, 1, 3, 4, 6).contiguous(memory_format=layout).requires_grad_()
    weights = quarters(4, 6).double()
    weights[0, :, 0, 0] = 0.3
    regions = Regions(weights)

    def flat(x: Tensor) -> tuple[Tensor, ...]:
        found = regions.sums(x)
        return tuple(part for sums in found for part in (sums.first, sums.second))

    assert torch.autograd.gradcheck(flat, (features,))


def test_bfloat16_is_summed_exactly_in_pieces(
    generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("impasto.losses.sums.CHUNK", 500)
    features = (1 + 0.1 * draw(generator, 1, 6, 30, 32)).bfloat16()
    features = features.contiguous(memory_format=torch.channels_last).requires_grad_()
    exact = features.detach().double().requires_grad_()
    for weights in (quarters(30, 32), soft(generator, 2, 30, 32)):
        found, alone = Regions(weights).sums(features), one_by_one(exact, weights)
        for one, other in zip(found, alone, strict=True):
            assert one.second.dtype == torch.float32
            torch.testing.assert_close(one.first.double(), other.first, rtol=1e-6, atol=1e-6)
            torch.testing.assert_close(one.second.double(), other.second, rtol=1e-6, atol=1e-6)
        slope, expected = gradient(features, found), gradient(exact, alone)
        assert is_channels_last(slope), "the gradient comes back in the layout of the features"
        assert float((slope.double() - expected).norm() / expected.norm()) < 5e-3
        nowhere = (weights.sum(0, keepdim=True) == 0).expand_as(slope)
        assert nowhere.any()
        assert float(slope[nowhere].abs().max()) == 0


def test_one_weight_is_one_region_in_bfloat16(generator: torch.Generator) -> None:
    features = draw(generator, 2, 4, 8, 9, dtype=torch.bfloat16)
    features = features.contiguous(memory_format=torch.channels_last).requires_grad_()
    weight = soft(generator, 1, 8, 9)
    found, exact = moment_sums(features, weight), moment_sums(features.double(), weight)
    torch.testing.assert_close(found.second.double(), exact.second, rtol=1e-5, atol=1e-5)
    slope, expected = gradient(features, [found]), gradient(features, [exact])
    assert float((slope - expected).norm() / expected.norm()) < 1e-2


def test_regions_that_fade_are_near_enough_and_keep_their_totals(generator: torch.Generator) -> None:
    height, width = 64, 96
    features = torch.nn.functional.avg_pool2d(draw(generator, 1, 8, height + 8, width + 8), 9, 1)
    features = features.contiguous(memory_format=torch.channels_last).requires_grad_()
    weights = fade(height, width)
    loss = RelativeMomentLoss()
    target = loss.measure(draw(generator, 1, 8, 20, 20))
    kept = Regions(weights)
    found, exact = kept.sums(features), one_by_one(features, weights)
    for one, other in zip(found, exact, strict=True):
        torch.testing.assert_close(one.count, other.count)
        near, true = (loss.compare(loss.from_sums(sums), target) for sums in (one, other))
        assert near.item() == pytest.approx(true.item(), rel=5e-3)
    slope, expected = gradient(features, found), gradient(features, exact)
    assert float((slope - expected).norm() / expected.norm()) < 0.05
    (alone,) = torch.autograd.grad(kept.sums(features)[0].second.sum(), features)
    outside = (weights[:1] == 0).expand_as(alone)
    assert outside.any()
    assert float(alone[outside].abs().max()) == 0, "a weight of 0 stays 0"


def describe(reading: PositionBlocks) -> Tensor:
    """The weights (K,N) that a reading stands for, by position."""
    blocks = reading.block_weights.repeat_interleave(reading.block, 0)
    listed = torch.cat([blocks, reading.mixed, torch.zeros(1, reading.mixed.shape[1])])
    return (listed[: reading.length] if reading.places is None else listed[reading.places.long()]).T


def test_readings_stand_for_the_weights(generator: torch.Generator) -> None:
    height, width = 40, 50
    for weights in (quarters(height, width), fade(height, width), soft(generator, 20, height, width)):
        flat = weights.flatten(1)
        told = describe(sorted_blocks(flat))
        assert float((told - flat).abs().max()) <= 1.5 / 16
        torch.testing.assert_close(told.sum(1), flat.sum(1), rtol=1e-5, atol=0)
        assert torch.equal(told == 0, flat == 0)
    hard = quarters(height, width).flatten(1)
    assert torch.equal(describe(sorted_blocks(hard)), hard)
    constant = sorted_blocks(torch.full((2, height * width), 0.25))
    assert constant.order is None
    assert torch.equal(describe(constant), torch.full((2, height * width), 0.25))


def test_few_positions_are_multiplied_for_every_region() -> None:
    for weights, kinds in ((quarters(40, 50), 4), (fade(64, 96), 19)):
        reading = sorted_blocks(weights.flatten(1))
        assert len(reading.mixed) < kinds * reading.block
        assert reading.length == int((weights > 0).any(0).sum())


def test_bad_regions(generator: torch.Generator) -> None:
    features = draw(generator, 1, 3, 4, 4)
    for wrong in (torch.ones(4, 4), torch.ones(2, 3, 4, 4), torch.ones(0, 1, 4, 4)):
        with pytest.raises(RecipeError, match=r"\(K, 1, H, W\)"):
            Regions(wrong)
    for value in (-1.0, 0.0, float("inf"), float("nan")):
        with pytest.raises(RecipeError, match="mask"):
            Regions(torch.tensor([1.0, value]).view(2, 1, 1, 1).expand(2, 1, 4, 4))
    with pytest.raises(RecipeError, match="resize the masks"):
        Regions(torch.ones(2, 1, 4, 5)).sums(features)
    with pytest.raises(RecipeError, match="feature map"):
        Regions(torch.ones(2, 1, 4, 4)).sums(features[0])
