"""Moments against closed forms, tiles, masks, layouts and precisions."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.errors import RecipeError
from impasto.losses import MomentSums, average_moments, moment_sums, moments
from impasto.losses.statistics import combine, simplex
from impasto.losses.sums import is_channels_last


def draw(generator: torch.Generator, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def test_hand_computed_case() -> None:
    features = torch.tensor([[[[1.0, 3.0]], [[2.0, 0.0]]]])
    found = moments(features)
    assert found.mean.tolist() == [[2.0, 1.0]]
    assert found.second.tolist() == [[[5.0, 1.0], [1.0, 2.0]]]
    assert found.covariance.tolist() == [[[1.0, -1.0], [-1.0, 1.0]]]
    assert found.energy.tolist() == [7.0]


def test_covariance_is_that_of_torch(generator: torch.Generator) -> None:
    features = draw(generator, 1, 5, 4, 6) + 3
    expected = torch.cov(features[0].flatten(1), correction=0)
    torch.testing.assert_close(moments(features).covariance[0], expected)


def test_constant_features_have_no_covariance() -> None:
    found = moments(torch.full((1, 3, 4, 4), 2.5))
    assert torch.equal(found.mean, torch.full((1, 3), 2.5))
    assert torch.equal(found.covariance, torch.zeros(1, 3, 3))


@pytest.mark.parametrize("weighted", [False, True])
def test_batch_equals_loop(generator: torch.Generator, weighted: bool) -> None:
    features = draw(generator, 3, 4, 5, 2)
    weight = draw(generator, 3, 1, 5, 2).abs() if weighted else None
    together = moments(features, weight)
    for i in range(3):
        alone = moments(features[i : i + 1], None if weight is None else weight[i : i + 1])
        torch.testing.assert_close(together.mean[i], alone.mean[0])
        torch.testing.assert_close(together.second[i], alone.second[0])


def test_mask_equals_slice(generator: torch.Generator) -> None:
    features = draw(generator, 2, 4, 6, 7)
    mask = torch.zeros(1, 1, 6, 7)
    mask[..., 1:4, 2:6] = 1
    masked, sliced = moments(features, mask), moments(features[..., 1:4, 2:6])
    torch.testing.assert_close(masked.mean, sliced.mean)
    torch.testing.assert_close(masked.second, sliced.second)


def test_weights_are_counts(generator: torch.Generator) -> None:
    features = draw(generator, 1, 3, 1, 3)
    repeated = features[..., [0, 1, 1, 2, 2, 2]]
    weight = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    torch.testing.assert_close(moments(features, weight).second, moments(repeated).second)
    torch.testing.assert_close(moments(features, weight).mean, moments(repeated).mean)


def test_sums_over_uneven_tiles_equal_the_whole(generator: torch.Generator) -> None:
    features = draw(generator, 2, 4, 7, 9)
    weight = draw(generator, 2, 1, 7, 9).abs()
    zero = torch.zeros((), dtype=torch.float64)
    total = MomentSums(zero, zero, zero)
    for rows in (slice(0, 3), slice(3, 7)):
        for columns in (slice(0, 4), slice(4, 9)):
            total = total + moment_sums(features[..., rows, columns], weight[..., rows, columns])
    whole = moments(features, weight)
    torch.testing.assert_close(total.moments().mean, whole.mean)
    torch.testing.assert_close(total.moments().second, whole.second)


def test_mixture_is_the_concatenation(generator: torch.Generator) -> None:
    one, two = draw(generator, 1, 4, 5, 6), 2 + draw(generator, 1, 4, 5, 6)
    both = moments(torch.cat([one, two], dim=2))
    mixed = average_moments([moments(one), moments(two)], [3, 3])
    torch.testing.assert_close(mixed.mean, both.mean)
    torch.testing.assert_close(mixed.covariance, both.covariance)
    spread = (moments(one).covariance + moments(two).covariance) / 2
    assert mixed.energy > moments(one).energy  # the far one has the larger mean
    assert mixed.covariance.diagonal(dim1=1, dim2=2).sum() > spread.diagonal(dim1=1, dim2=2).sum()


def test_unequal_mixture_is_the_concatenation_by_size(generator: torch.Generator) -> None:
    one, two = draw(generator, 1, 4, 2, 6), draw(generator, 1, 4, 6, 6)
    mixed = average_moments([moments(one), moments(two)], [0.25, 0.75])
    torch.testing.assert_close(mixed.second, moments(torch.cat([one, two], dim=2)).second)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_memory_layouts_agree(generator: torch.Generator, weighted: bool, dtype: torch.dtype) -> None:
    plain = draw(generator, 2, 5, 4, 6, dtype=dtype).requires_grad_()
    last = plain.detach().clone(memory_format=torch.channels_last).requires_grad_()
    weight = draw(generator, 1, 1, 4, 6).abs() if weighted else None
    found = []
    for features in (plain, last):
        result = moments(features, weight)
        (result.mean.square().sum() + result.second.pow(3).sum()).backward()
        found.append(result)
    torch.testing.assert_close(found[0].second, found[1].second)
    torch.testing.assert_close(found[0].mean, found[1].mean)
    assert plain.grad is not None
    assert last.grad is not None
    torch.testing.assert_close(
        plain.grad, last.grad, atol=1e-2 if dtype == torch.bfloat16 else 1e-9, rtol=1e-2
    )
    assert plain.grad.is_contiguous()
    assert is_channels_last(last.grad), "the gradient comes back in the layout of the features"


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_features_give_float32_statistics(
    generator: torch.Generator, dtype: torch.dtype
) -> None:
    features = (1 + 0.01 * draw(generator, 1, 3, 32, 32)).to(dtype)
    found = moments(features)
    exact = moments(features.double())
    assert found.second.dtype == torch.float32
    torch.testing.assert_close(found.second.double(), exact.second, rtol=1e-6, atol=1e-6)


def test_autocast_does_not_touch_statistics(generator: torch.Generator) -> None:
    features = draw(generator, 1, 4, 8, 8, dtype=torch.float32).requires_grad_()
    plain = moments(features)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = moments(features)
        cast.covariance.square().sum().backward()
    assert torch.equal(plain.second, cast.second)
    assert features.grad is not None
    gradient = features.grad.clone()
    features.grad = None
    plain.covariance.square().sum().backward()
    torch.testing.assert_close(gradient, features.grad, rtol=2e-2, atol=1e-3)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_gradient(generator: torch.Generator, weighted: bool, layout: torch.memory_format) -> None:
    features = draw(generator, 2, 3, 2, 4).contiguous(memory_format=layout).requires_grad_()
    weight = draw(generator, 2, 1, 2, 4).abs() if weighted else None

    def both(x: Tensor) -> tuple[Tensor, Tensor]:
        found = moments(x, weight)
        return found.mean, found.covariance

    assert torch.autograd.gradcheck(both, (features,))


def test_bad_features_and_weights() -> None:
    features = torch.ones(2, 3, 4, 4)
    for wrong in (features[0], features.long(), features[..., :0]):
        with pytest.raises(RecipeError, match="feature map"):
            moments(wrong)
    for shape in ((2, 3, 4, 4), (3, 1, 4, 4), (1, 1, 2, 4)):
        with pytest.raises(RecipeError, match="mask"):
            moments(features, torch.ones(shape))
    for value in (-1.0, 0.0, float("inf"), float("nan")):
        with pytest.raises(RecipeError, match="mask"):
            moments(features, torch.full((1, 1, 4, 4), value))


def test_simplex() -> None:
    assert simplex([1, 3], 2) == [0.25, 0.75]
    assert torch.equal(combine([torch.zeros(2), torch.ones(2)], [1, 3]), torch.full((2,), 0.75))
    for weights in ([], [1], [1, -0.1], [0, 0], [1, float("nan")], [1, 1, 1]):
        with pytest.raises(RecipeError, match="ixing weights"):
            simplex(weights, 2)
    with pytest.raises(RecipeError, match="at least one"):
        simplex([], 0)
