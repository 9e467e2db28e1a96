"""Adam against torch.optim.Adam, and its state on the next scale."""

from __future__ import annotations

import pytest
import torch

from impasto.optimize.optimizers import Adam
from impasto.optimize.optimizers.adam import PIXEL_UNITS


def test_adam_is_torchs_adam():
    start = torch.rand(1, 3, 6, 7, generator=torch.Generator().manual_seed(3))
    target = torch.rand(1, 3, 6, 7, generator=torch.Generator().manual_seed(4))
    ours, theirs = (start.clone().requires_grad_(True) for _ in range(2))
    adam = Adam(ours, (0.8, 0.95))
    reference = torch.optim.Adam([theirs], lr=0.05, betas=(0.8, 0.95))

    def evaluate(image):
        image.grad = None
        loss = (image - target).square().sum()
        loss.backward()
        return loss.detach()

    for _ in range(30):
        adam.step(lambda: (evaluate(ours), {}), 0.05)
        reference.step(lambda: evaluate(theirs))
    assert torch.allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("units", ["byte", "normalised"])
def test_adam_in_other_units_is_torchs_adam_on_those_pixels(units):
    unit = torch.tensor(PIXEL_UNITS[units]).view(1, 3, 1, 1)
    image = torch.rand(1, 3, 6, 7, generator=torch.Generator().manual_seed(3)).requires_grad_(True)
    scaled = (image.detach() / unit).requires_grad_(True)
    adam = Adam(image, (0.9, 0.999), units)
    reference = torch.optim.Adam([scaled], lr=0.5)

    def evaluate(pixels, leaf):
        leaf.grad = None
        loss = pixels.square().mean()
        loss.backward()
        return loss.detach()

    for _ in range(20):
        adam.step(lambda: (evaluate(image, image), {}), 0.5)
        reference.step(lambda: evaluate(scaled * unit, scaled))
    assert torch.allclose(image, scaled * unit, atol=1e-6)


def test_adam_moments_are_carried_to_the_next_size():
    image = torch.rand(1, 3, 8, 8, requires_grad=True)
    old = Adam(image, (0.9, 0.99))

    def evaluate():
        image.grad = None
        loss = (image * torch.linspace(0, 1, 8)).sum()
        loss.backward()
        return loss.detach(), {}

    for _ in range(3):
        old.step(evaluate, 0.02)
    new = Adam(torch.rand(1, 3, 16, 16, requires_grad=True), (0.9, 0.99))
    new.carry_from(old)
    assert new.steps == 3
    assert new.first.shape == (1, 3, 16, 16)
    assert float(new.second.min()) >= 0
    assert float(new.first.mean()) == pytest.approx(float(old.first.mean()), rel=0.05)


def step_with(gradient: torch.Tensor, **settings) -> torch.Tensor:
    """The change of an image of zeros in one step with this gradient and a learning rate of 1."""
    image = torch.zeros_like(gradient).requires_grad_(True)
    adam = Adam(image, (0.8, 0.9), **settings)
    image.grad = gradient
    adam.step(lambda: (torch.zeros(()), {}), 1.0)
    return image.detach()


@pytest.mark.parametrize("seamless", [False, True])
def test_smooth_steps_are_adams_steps_convolved_with_1_2_1(seamless):
    gradient = torch.randn(1, 3, 6, 8, generator=torch.Generator().manual_seed(5))
    kernel = torch.tensor([1.0, 2.0, 1.0]) / 4
    mode = "circular" if seamless else "replicate"
    padded = torch.nn.functional.pad(step_with(gradient), (1, 1, 1, 1), mode=mode)
    weight = (kernel[:, None] * kernel[None]).expand(3, 1, 3, 3)
    expected = torch.nn.functional.conv2d(padded, weight, groups=3)
    smooth = step_with(gradient, smooth_steps=True, seamless=seamless)
    torch.testing.assert_close(smooth, expected, rtol=0, atol=1e-6)


def test_smooth_steps_leave_out_patterns_of_single_pixels():
    columns = torch.tensor([1.0, -1.0]).repeat(4).expand(1, 3, 8, 8)
    for pattern in (columns, columns.transpose(2, 3), columns * columns.transpose(2, 3)):
        assert float(step_with(pattern.clone()).abs().min()) == pytest.approx(1)
        smooth = step_with(pattern.clone(), smooth_steps=True, seamless=True)
        assert float(smooth.abs().max()) == pytest.approx(0, abs=1e-6)
