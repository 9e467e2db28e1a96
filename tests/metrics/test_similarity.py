"""SSIM against scikit-image and known values."""

from __future__ import annotations

import pytest
import torch

from impasto.errors import PictureError
from impasto.imaging import luma
from impasto.metrics import ssim


@pytest.mark.parametrize("shape", [(11, 11), (40, 53)])
def test_agrees_with_scikit_image(shape: tuple[int, int], generator: torch.Generator) -> None:
    metrics = pytest.importorskip("skimage.metrics")
    one = torch.rand(1, 3, *shape, generator=generator)
    two = (0.7 * one + 0.3 * torch.rand(1, 3, *shape, generator=generator)).clamp(0, 1)
    expected = metrics.structural_similarity(
        luma(one)[0, 0].double().numpy(),
        luma(two)[0, 0].double().numpy(),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1.0,
    )
    assert ssim(one, two) == pytest.approx(expected, abs=1e-5)


def test_known_values(generator: torch.Generator) -> None:
    image = torch.rand(1, 3, 20, 24, generator=generator)
    assert ssim(image, image) == pytest.approx(1)
    assert ssim(image, 1 - image) < 0
    black, grey = torch.zeros(1, 3, 16, 16), torch.full((1, 3, 16, 16), 0.5)
    assert ssim(black, grey) == pytest.approx(1e-4 / (0.25 + 1e-4), rel=1e-4)
    other = torch.rand(1, 3, 20, 24, generator=generator)
    assert ssim(image, other) == pytest.approx(ssim(other, image))


def test_bad_input() -> None:
    with pytest.raises(PictureError, match="one size"):
        ssim(torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 17))
    with pytest.raises(PictureError, match="11x11"):
        ssim(torch.zeros(1, 3, 10, 16), torch.zeros(1, 3, 10, 16))
