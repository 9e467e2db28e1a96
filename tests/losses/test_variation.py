"""Total variation against hand-computed pictures."""

from __future__ import annotations

import pytest
import torch

from impasto.errors import PictureError, RecipeError
from impasto.losses import VARIATIONS, total_variation

RAMP = torch.arange(6.0, dtype=torch.float64).expand(1, 3, 4, 6)


@pytest.mark.parametrize("form", VARIATIONS)
def test_flat_is_zero(form: str) -> None:
    assert total_variation(torch.full((2, 3, 4, 5), 0.3), form) == 0


def test_ramp_by_hand() -> None:
    # dx = 1 everywhere, dy = 0.
    assert total_variation(RAMP, "l1") == 0.5
    assert total_variation(RAMP, "l2") == 1.0
    assert total_variation(RAMP, "l1_normalised").item() == pytest.approx(
        0.5 * (1 / 0.229 + 1 / 0.224 + 1 / 0.225) / 3
    )
    assert total_variation(RAMP, "half_sum").item() == pytest.approx(255**2 / 2 * 3 * 3 * 5)
    # Padded by one, 5 of the 6 columns have a dx of 1 to their right, and 5 of 7 columns of cells a
    # diagonal difference of 1.
    expected = 2 * (5 / 6 / 3 + 2 * 5 / 7 / 12)
    assert total_variation(RAMP, "nine_point").item() == pytest.approx(expected)


def test_one_pixel_by_hand() -> None:
    dot = torch.zeros(1, 1, 3, 3)
    dot[0, 0, 1, 1] = 1
    assert total_variation(dot, "l1").item() == pytest.approx((2 / 6 + 2 / 6) / 2)
    assert total_variation(dot, "l2").item() == pytest.approx(2 / 6 + 2 / 6)
    assert total_variation(dot, "nine_point").item() == pytest.approx(2 * (4 / 9 / 3 + 4 / 16 / 12))


@pytest.mark.parametrize("form", VARIATIONS)
def test_symmetries(form: str, generator: torch.Generator) -> None:
    image = torch.rand(1, 3, 5, 7, generator=generator, dtype=torch.float64)
    value = total_variation(image, form)
    torch.testing.assert_close(total_variation(1 - image, form), value)
    torch.testing.assert_close(total_variation(image.mT, form), value)
    if form not in ("nine_point", "half_sum"):  # their borders are to the right and below only
        torch.testing.assert_close(total_variation(image.flip(3), form), value)


@pytest.mark.parametrize(("form", "factor"), [("l1", 2), ("l2", 4), ("nine_point", 4)])
def test_depends_on_the_resolution_as_documented(form: str, factor: int) -> None:
    def wave(side: int) -> torch.Tensor:
        at = (torch.arange(side) + 0.5) / side
        return torch.sin(2 * torch.pi * at).expand(1, 3, side, side)

    ratio = total_variation(wave(128), form) / total_variation(wave(256), form)
    assert ratio.item() == pytest.approx(factor, rel=0.02)


@pytest.mark.parametrize("form", VARIATIONS)
def test_gradient(form: str, generator: torch.Generator) -> None:
    image = torch.rand(2, 3, 3, 4, generator=generator, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: total_variation(x, form), (image,))


def test_bad_input() -> None:
    with pytest.raises(RecipeError, match="l1"):
        total_variation(RAMP, "l3")
    for wrong in (RAMP[0], RAMP[..., :1]):
        with pytest.raises(PictureError, match="2x2"):
            total_variation(wrong, "l2")
