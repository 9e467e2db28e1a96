"""Colour and size against closed forms and published numbers."""

from __future__ import annotations

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from impasto.errors import PictureError, RecipeError
from impasto.imaging import (
    Picture,
    fit,
    lab_to_rgb,
    linear_to_srgb,
    luminance,
    resize,
    resize_array,
    rgb_to_lab,
    srgb_profile,
    srgb_to_linear,
)


def pixel(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64).view(1, 3, 1, 1)


def test_transfer_curve_against_known_values_and_back():
    # IEC 61966-2-1: mid grey 0.5 is 21.404 % of the light, code value 118/255 is near 18 %.
    encoded = torch.tensor([0.0, 0.04045, 0.5, 1.0], dtype=torch.float64)
    linear = torch.tensor([0.0, 0.04045 / 12.92, 0.21404114048, 1.0], dtype=torch.float64)
    torch.testing.assert_close(srgb_to_linear(encoded), linear, atol=1e-9, rtol=0)
    every = torch.linspace(0, 1, 4097, dtype=torch.float64)
    torch.testing.assert_close(linear_to_srgb(srgb_to_linear(every)), every, atol=2e-8, rtol=0)


def test_curves_and_lab_are_differentiable_everywhere(generator):
    points = torch.tensor([0.0, 0.001, 0.003, 0.02, 0.3, 1.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(srgb_to_linear, points)
    assert torch.autograd.gradcheck(linear_to_srgb, points)
    image = torch.rand(1, 3, 2, 2, dtype=torch.float64, generator=generator).requires_grad_()
    assert torch.autograd.gradcheck(rgb_to_lab, image)
    assert torch.autograd.gradcheck(lambda x: lab_to_rgb(rgb_to_lab(x)), image)
    black = torch.zeros(1, 3, 1, 1, requires_grad=True)
    lab_to_rgb(rgb_to_lab(black)).sum().backward()
    assert torch.isfinite(black.grad).all()


def test_luminance():
    assert luminance(pixel(1, 1, 1)).item() == pytest.approx(1.0)
    assert luminance(pixel(0, 1, 0)).item() == pytest.approx(0.7152)
    assert luminance(pixel(0.5, 0.5, 0.5)).item() == pytest.approx(0.21404114048)
    assert luminance(torch.rand(2, 3, 4, 5)).shape == (2, 1, 4, 5)


def test_lab_against_published_values():
    # Bruce Lindbloom's CIE colour calculator: sRGB, D65, no adaptation.
    for rgb, lab in (
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (53.2408, 80.0925, 67.2032)),
        ((0, 1, 0), (87.7347, -86.1827, 83.1793)),
        ((0, 0, 1), (32.2970, 79.1875, -107.8602)),
    ):
        torch.testing.assert_close(rgb_to_lab(pixel(*rgb)), pixel(*lab), atol=5e-3, rtol=0)


def test_lab_round_trip(generator):
    for dtype, tolerance in ((torch.float64, 1e-7), (torch.float32, 1e-4)):
        image = torch.rand(2, 3, 16, 16, dtype=dtype, generator=generator)
        torch.testing.assert_close(lab_to_rgb(rgb_to_lab(image)), image, atol=tolerance, rtol=0)
    for function in (luminance, rgb_to_lab, lab_to_rgb):
        with pytest.raises(PictureError, match="3, H, W"):
            function(torch.zeros(1, 4, 2, 2))


def test_profile_is_the_same_every_time():
    srgb_profile.cache_clear()
    first = srgb_profile()
    srgb_profile.cache_clear()
    assert first == srgb_profile()
    assert first[24:36] == bytes.fromhex("07d0 0001 0001 0000 0000 0000")


@given(st.integers(1, 30_000), st.integers(1, 30_000), st.integers(1, 30_000))
def test_fit_keeps_the_shape(height, width, longest):
    new = fit(height, width, longest)
    assert max(new) == longest
    assert min(new) >= 1
    exact = min(height, width) * longest / max(height, width)
    assert abs(min(new) - max(exact, 1)) <= 0.5
    assert (new[0] >= new[1]) == (height >= width) or new[0] == new[1]


def test_fit_and_resize_refuse_nothing_and_less():
    with pytest.raises(RecipeError):
        fit(0, 3, 4)
    with pytest.raises(RecipeError):
        resize(torch.zeros(1, 3, 2, 2), (0, 2))
    with pytest.raises(PictureError):
        resize(torch.zeros(3, 2, 2), (2, 2))


@pytest.mark.parametrize("size", [(5, 7), (40, 33), (5, 60), (1, 1), (16, 24)])
def test_resize_agrees_with_pillow(generator, size):
    image = torch.rand(2, 1, 16, 24, generator=generator)
    small = resize(image, size)
    for index in range(2):
        plane = Image.fromarray(image[index, 0].numpy())
        seen = numpy.array(plane.resize((size[1], size[0]), Image.Resampling.BICUBIC)).clip(0, 1)
        numpy.testing.assert_allclose(small[index, 0].numpy(), seen, atol=2e-5)


@pytest.mark.parametrize("size", [(9, 5), (40, 31), (90, 64)])
def test_arrays_are_resized_as_tensors_are(generator, size):
    image = torch.rand(1, 4, 61, 43, generator=generator)
    resized = torch.from_numpy(resize_array(image.numpy(), size))
    torch.testing.assert_close(resized, resize(image, size), atol=1e-5, rtol=0)


def test_resize_keeps_constants_range_and_identity(generator):
    image = torch.rand(1, 3, 9, 11, generator=generator).round()  # black and white: the kernel overshoots
    assert resize(image, (9, 11)) is image
    grown = resize(image, (40, 50))
    assert grown.min() == 0
    assert grown.max() == 1
    torch.testing.assert_close(
        resize(torch.full((1, 3, 9, 11), 0.3), (4, 23)), torch.full((1, 3, 4, 23), 0.3)
    )


def test_antialiasing_turns_a_fine_checkerboard_grey():
    board = (torch.arange(64)[:, None] + torch.arange(64)) % 2
    small = resize(board[None, None].float(), (8, 8))
    assert (small - 0.5).abs().max() < 0.02


def test_a_picture_holds_what_it_says():
    picture = Picture(torch.zeros(1, 3, 4, 5))
    assert (picture.height, picture.width, picture.name, picture.path) == (4, 5, "picture", None)
    with pytest.raises(PictureError):
        Picture(torch.zeros(3, 4, 5))
    with pytest.raises(PictureError):
        Picture(torch.zeros(1, 3, 4, 5), torch.zeros(1, 1, 4, 4))
    with pytest.raises(PictureError):
        Picture(torch.zeros(1, 3, 4, 5, dtype=torch.float64))
