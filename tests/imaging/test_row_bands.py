"""Images in bands of rows are those that are changed whole."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from impasto.imaging import resize, scratch
from impasto.imaging.row_bands import map_rows, resize_in_bands

SIZES = [
    ((61, 47), (23, 31)),
    ((23, 31), (61, 47)),
    ((40, 7), (40, 29)),
    ((5, 40), (17, 40)),
    ((97, 3), (1, 1)),
]


def picture(height: int, width: int) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(3))


@pytest.fixture
def everything_is_large(monkeypatch, tmp_path):
    monkeypatch.setattr(scratch, "LEAST_BYTES", 1)
    monkeypatch.setenv(scratch.FOLDER_VARIABLE, str(tmp_path))


@pytest.mark.parametrize(("size", "target"), SIZES)
@pytest.mark.parametrize("kernel", ["antialiased", "bicubic", "bilinear"])
def test_resizing_in_bands_is_that_of_torch(everything_is_large, size, target, kernel) -> None:
    image = picture(*size)
    mode = "bilinear" if kernel == "bilinear" else "bicubic"
    expected = F.interpolate(image, target, mode=mode, antialias=kernel == "antialiased")
    torch.testing.assert_close(resize_in_bands(image, target, kernel), expected, atol=5e-6, rtol=0)


@pytest.mark.parametrize(("size", "target"), SIZES)
def test_a_large_picture_is_resized_as_a_small_one(everything_is_large, monkeypatch, size, target) -> None:
    image = picture(*size)
    banded = resize(image, target)
    monkeypatch.setattr(scratch, "LEAST_BYTES", 1 << 30)
    torch.testing.assert_close(banded, resize(image, target), atol=5e-6, rtol=0)


def test_positions_of_a_long_axis_are_exact() -> None:
    ramp = torch.arange(65_535.0)[None, None, :, None] / 65_535
    small = resize_in_bands(ramp, (30_001, 1), "antialiased")[0, 0, :, 0]
    centres = (torch.arange(30_001.0, dtype=torch.float64) + 0.5) * 65_535 / 30_001 - 0.5
    inside = slice(10, -10)
    assert (small.double() - centres / 65_535)[inside].abs().max() * 65_535 < 0.03


def test_a_map_of_rows_is_that_of_the_whole(everything_is_large) -> None:
    one, other = picture(31, 17), picture(31, 17) / 2
    assert torch.equal(map_rows(torch.sub, one, other), one - other)
    expected = one.clamp(0.2, 0.4)
    assert map_rows(lambda rows: rows.clamp(0.2, 0.4), one, reuse=one) is one
    assert torch.equal(one, expected)
