"""Content losses against the published formulas."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from impasto.errors import RecipeError
from impasto.losses import CONTENT_LOSSES, content_loss, relative_error


def pair(generator: torch.Generator, batch: int = 1) -> tuple[Tensor, Tensor]:
    shape = (batch, 3, 4, 5)
    return tuple(torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(2))  # type: ignore[return-value]


def test_published_formulas(generator: torch.Generator) -> None:
    f, p = pair(generator)
    torch.testing.assert_close(content_loss(f, p, "gatys"), (f - p).square().sum() / 2)
    torch.testing.assert_close(content_loss(f, p, "mean"), functional.mse_loss(f, p))


def test_variance_is_relative_and_free_of_scale(generator: torch.Generator) -> None:
    f, p = pair(generator)
    mean = p.mean((2, 3), keepdim=True).expand_as(p)
    torch.testing.assert_close(content_loss(mean, p, "variance"), torch.ones((), dtype=torch.float64))
    torch.testing.assert_close(content_loss(7 * f, 7 * p, "variance"), content_loss(f, p, "variance"))
    assert relative_error(f, p) == pytest.approx(content_loss(f, p, "variance").item())


def test_flat_target_stays_finite() -> None:
    flat = torch.ones(1, 2, 3, 3)
    assert content_loss(flat, flat, "variance") == 0
    assert torch.isfinite(content_loss(flat + 1, flat, "variance"))


@pytest.mark.parametrize("normalisation", CONTENT_LOSSES)
def test_identical_is_zero_and_batch_is_the_mean(normalisation: str, generator: torch.Generator) -> None:
    f, p = pair(generator, batch=3)
    assert content_loss(p, p, normalisation) == 0
    alone = [content_loss(f[i : i + 1], p[i : i + 1], normalisation) for i in range(3)]
    torch.testing.assert_close(content_loss(f, p, normalisation), torch.stack(alone).mean())
    spread = content_loss(f, p[:1].expand_as(p), normalisation)
    torch.testing.assert_close(content_loss(f, p[:1], normalisation), spread)


@pytest.mark.parametrize("normalisation", CONTENT_LOSSES)
def test_mask_equals_slice(normalisation: str, generator: torch.Generator) -> None:
    f, p = pair(generator, batch=2)
    mask = torch.zeros(1, 1, 4, 5)
    mask[..., 1:3, 2:] = 1
    sliced = content_loss(f[..., 1:3, 2:], p[..., 1:3, 2:], normalisation)
    torch.testing.assert_close(content_loss(f, p, normalisation, mask), sliced)


@pytest.mark.parametrize("normalisation", CONTENT_LOSSES)
def test_gradient(normalisation: str, generator: torch.Generator) -> None:
    f, p = pair(generator, batch=2)
    weight = torch.rand(2, 1, 4, 5, generator=generator)
    assert torch.autograd.gradcheck(
        lambda x: content_loss(x, p, normalisation, weight), (f.requires_grad_(),)
    )


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("weighted", [False, True])
def test_bfloat16_is_float32_up_to_rounding(
    layout: torch.memory_format, batch: int, weighted: bool, generator: torch.Generator
) -> None:
    f, p = (
        torch.randn(batch, 8, 12, 10, generator=generator).bfloat16().contiguous(memory_format=layout)
        for _ in range(2)
    )
    weight = torch.rand(1, 1, 12, 10, generator=generator) if weighted else None
    if weight is not None:
        weight[..., 3:5] = 0
    f.requires_grad_()
    wide = f.detach().float().requires_grad_()
    found = content_loss(f, p, "variance", weight)
    exact = content_loss(wide, p.float(), "variance", weight)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, exact, rtol=1e-3, atol=0)
    (slope,), (expected,) = torch.autograd.grad(3 * found, f), torch.autograd.grad(3 * exact, wide)
    torch.testing.assert_close(slope.float(), expected, rtol=2e-2, atol=1e-6)
    assert slope.is_contiguous(memory_format=layout)
    assert weight is None or float(slope[..., 3:5].abs().max()) == 0


def test_half_precision_is_compared_in_float32() -> None:
    p = torch.full((1, 1, 64, 64), 100.0, dtype=torch.float16)
    loss = content_loss(p + 8, p, "gatys")
    assert loss.dtype == torch.float32
    assert loss == 64 * 64 * 64 / 2  # 131072: more than a float16 can hold


def test_bad_input() -> None:
    p = torch.ones(1, 2, 3, 3)
    with pytest.raises(RecipeError, match="Did you mean 'variance'"):
        content_loss(p, p, "varience")
    with pytest.raises(RecipeError, match="differ in shape"):
        content_loss(p, torch.ones(1, 2, 3, 4), "mean")
    for weight in (torch.ones(1, 1, 2, 3), -torch.ones(1, 1, 3, 3)):
        with pytest.raises(RecipeError, match="mask"):
            content_loss(p, p, "mean", weight)
    with pytest.raises(RecipeError, match="differ in shape"):
        content_loss(torch.ones(3, 2, 3, 3), torch.ones(2, 2, 3, 3), "mean")
