"""The value range loss against closed forms."""

from __future__ import annotations

import pytest
import torch

from impasto.errors import RecipeError
from impasto.losses import ValueRangeTerm, value_range_loss


def test_by_hand() -> None:
    image = torch.tensor([-0.5, 0.0, 0.3, 1.0, 1.2, 3.0]).view(1, 1, 2, 3)
    assert value_range_loss(image).item() == pytest.approx((0.25 + 0.04 + 4) / 6)
    assert value_range_loss(image.clamp(0, 1)) == 0
    torch.testing.assert_close(value_range_loss(1 - image), value_range_loss(image))


def test_gradient(generator: torch.Generator) -> None:
    image = (3 * torch.randn(2, 3, 3, 4, generator=generator, dtype=torch.float64)).requires_grad_()
    assert torch.autograd.gradcheck(value_range_loss, (image,))
    (slope,) = torch.autograd.grad(value_range_loss(image), image)
    torch.testing.assert_close(slope, 2 * (image - image.clamp(0, 1)) / image.numel())


def test_term() -> None:
    image = torch.full((1, 3, 2, 2), 1.5)
    term = ValueRangeTerm(4.0)
    assert (term.names, term.weights, term.layer) == (("value_range",), (4.0,), None)
    torch.testing.assert_close(term({}, image), torch.tensor([0.25]))
    with pytest.raises(RecipeError, match="value_range"):
        ValueRangeTerm(-1.0)
