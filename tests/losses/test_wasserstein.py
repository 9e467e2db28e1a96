"""The Gaussian and the sliced Wasserstein losses against closed forms."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.losses import Gaussian, SlicedWassersteinLoss, WassersteinLoss
from impasto.losses.wasserstein import RIDGE


def gaussian(mean: Tensor, covariance: Tensor) -> Gaussian:
    return Gaussian(mean[None], (covariance + mean[:, None] * mean[None, :])[None])


def spd(generator: torch.Generator, size: int) -> Tensor:
    factor = torch.randn(size, size, generator=generator, dtype=torch.float64)
    return factor @ factor.T + 0.1 * torch.eye(size, dtype=torch.float64)


def test_diagonal_closed_form(generator: torch.Generator) -> None:
    a, b, m, n = (torch.rand(5, generator=generator, dtype=torch.float64) + 0.1 for _ in range(4))
    found = WassersteinLoss().compare(gaussian(m, a.diag()), gaussian(n, b.diag()))
    roots = (a + RIDGE).sqrt() - (b + RIDGE).sqrt()
    torch.testing.assert_close(found, ((m - n).square() + roots.square()).mean())


def test_commuting_covariances_closed_form(generator: torch.Generator) -> None:
    axes, _ = torch.linalg.qr(torch.randn(4, 4, generator=generator, dtype=torch.float64))
    a, b = (torch.rand(4, generator=generator, dtype=torch.float64) for _ in range(2))
    zero = torch.zeros(4, dtype=torch.float64)
    found = WassersteinLoss().compare(
        gaussian(zero, axes @ a.diag() @ axes.T), gaussian(zero, axes @ b.diag() @ axes.T)
    )
    torch.testing.assert_close(found, ((a + RIDGE).sqrt() - (b + RIDGE).sqrt()).square().mean())


def test_gradient_with_respect_to_the_covariance(generator: torch.Generator) -> None:
    mean = torch.zeros(4, dtype=torch.float64)
    target = gaussian(mean, spd(generator, 4))
    factor = torch.randn(4, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda x: WassersteinLoss().compare(gaussian(mean, x @ x.T), target), (factor,)
    )


def test_gradient_is_that_of_an_eigenvalue_free_formula(generator: torch.Generator) -> None:
    """tr (R S R)^½ is the sum of the singular values of S^½ R, which torch can differentiate itself."""
    factor = torch.randn(1, 6, 5, 8, generator=generator, dtype=torch.float64)
    style = torch.randn(1, 6, 5, 8, generator=generator, dtype=torch.float64)
    loss = WassersteinLoss()
    target = loss.measure(style)
    x = factor.clone().requires_grad_()
    (found,) = torch.autograd.grad(loss.distance(x, target), x)
    y = factor.clone().requires_grad_()
    flat = y.flatten(2)[0]
    covariance = torch.cov(flat, correction=0) + RIDGE * torch.eye(6, dtype=torch.float64)
    nuclear = torch.linalg.svdvals(torch.linalg.cholesky(covariance).T @ target.root[0]).sum()
    spread = covariance.trace() + (target.root[0] @ target.root[0]).trace() - 2 * nuclear
    reference = (flat.mean(1) - target.mean[0]).square().mean() + spread / 6
    torch.testing.assert_close(loss.distance(factor, target), reference)
    torch.testing.assert_close(found, torch.autograd.grad(reference, y)[0])


def test_translation_and_scaling_of_one_picture(generator: torch.Generator) -> None:
    s = torch.randn(1, 3, 40, 40, generator=generator, dtype=torch.float64)
    loss = WassersteinLoss()
    target = loss.measure(s)
    assert loss.distance(s + 2, target).item() == pytest.approx(4)
    centred = s - s.mean((2, 3), keepdim=True)
    variance = centred.square().mean().item()
    doubled = loss.distance(2 * centred, loss.measure(centred)).item()
    assert doubled == pytest.approx(variance, rel=1e-3)  # (2 - 1)² times the variance


def test_fewer_positions_than_channels_and_dead_channels(generator: torch.Generator) -> None:
    loss = WassersteinLoss()
    few = (100 * torch.randn(1, 16, 2, 3, generator=generator)).relu()
    few[:, 3] = 0
    target = loss.measure((100 * torch.randn(1, 16, 2, 3, generator=generator)).relu())
    x = few.clone().requires_grad_()
    value = loss.distance(x, target)
    value.backward()
    assert value > 0
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()
    assert loss.distance(few, loss.measure(few)).item() == pytest.approx(0, abs=1e-2)


def test_going_down_the_gradient_reaches_the_style(generator: torch.Generator) -> None:
    loss = WassersteinLoss()
    target = loss.measure(torch.randn(1, 4, 8, 8, generator=generator) * torch.rand(4, 1, 1) + 1)
    x = torch.randn(1, 4, 8, 8, generator=generator)
    start = loss.distance(x, target).item()
    for _ in range(60):
        x.requires_grad_()
        (grad,) = torch.autograd.grad(loss.distance(x, target), x)
        # The gradient is 2 (x - transport(x)) / (N C), so half a transport is a step of N C / 4.
        x = (x - 4 * 64 / 4 * grad).detach()
    assert loss.distance(x, target).item() < 1e-4 * start


def test_non_finite_features_give_nan_and_no_error() -> None:
    x = torch.full((1, 3, 4, 4), torch.nan, requires_grad=True)
    loss = WassersteinLoss()
    value = loss.distance(x, loss.measure(torch.ones(1, 3, 4, 4)))
    value.backward()
    assert value.isnan()


def test_directions_are_orthonormal_fresh_and_reproducible() -> None:
    one, two = SlicedWassersteinLoss(5, seed=7), SlicedWassersteinLoss(5, seed=7)
    first = one.directions(8)
    assert first.shape == (5, 8)
    torch.testing.assert_close(first @ first.T, torch.eye(5, dtype=torch.float64))
    assert torch.equal(first, two.directions(8))
    assert not torch.allclose(first, one.directions(8))
    state = one.generator.get_state()
    ahead = one.directions(8)
    one.generator.set_state(state)
    assert torch.equal(ahead, one.directions(8))
    assert one.directions(3).shape == (3, 3)


def test_directions_have_no_preferred_side() -> None:
    loss = SlicedWassersteinLoss(1)
    mean = torch.cat([loss.directions(3) for _ in range(2000)]).mean(0)
    assert mean.abs().max() < 0.06  # the standard error is sqrt(1/3/2000) = 0.013


def test_sliced_shift_closed_form(generator: torch.Generator) -> None:
    """Along a whole orthonormal basis a shift d costs |d|² / C, whatever the basis."""
    s = torch.randn(1, 5, 6, 6, generator=generator, dtype=torch.float64)
    shift = torch.randn(1, 5, 1, 1, generator=generator, dtype=torch.float64)
    loss = SlicedWassersteinLoss()
    for _ in range(3):
        found = loss.distance(s + shift, loss.measure(s))
        torch.testing.assert_close(found, shift.square().mean())


def test_sliced_one_channel_by_hand() -> None:
    f = torch.tensor([[[[3.0, 1.0, 2.0]]]])
    s = torch.tensor([[[[0.0, 5.0, 1.0]]]])
    loss = SlicedWassersteinLoss()
    assert loss.distance(f, loss.measure(s)).item() == pytest.approx((1 + 1 + 4) / 3)


def test_sliced_sizes_differ() -> None:
    loss = SlicedWassersteinLoss()
    ramp = torch.arange(8.0, dtype=torch.float64).view(1, 1, 2, 4)
    pairs = ramp.view(1, 1, 4, 2).mean(3, keepdim=True)  # quantiles of a ramp at half the ranks
    assert loss.distance(pairs, loss.measure(ramp)).item() == pytest.approx(0, abs=1e-20)
    constant = torch.full((1, 1, 3, 3), 2.0, dtype=torch.float64)
    assert loss.distance(constant, loss.measure(constant[..., :1, :1])).item() == 0
    many = loss.distance(ramp, loss.measure(ramp.repeat(1, 1, 1, 2)))
    assert many.item() < 0.05  # repeating pixels hardly changes the quantiles; exactly would be 0.047


def test_sliced_weights_are_counts() -> None:
    loss = SlicedWassersteinLoss()
    f = torch.tensor([[[[0.0, 4.0]]]], dtype=torch.float64)
    weight = torch.tensor([[[[1.0, 3.0]]]])
    target = loss.measure(torch.full((1, 1, 1, 2), 2.0, dtype=torch.float64))
    assert loss.distance(f, target, weight).item() == pytest.approx(4)
    zero = loss.measure(torch.zeros(1, 1, 1, 2, dtype=torch.float64))
    assert loss.distance(f, zero, weight).item() == pytest.approx(16 * 3 / 4)
