"""Grain measured on pictures whose spectrum is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from impasto.errors import PictureError
from impasto.imaging import luma
from impasto.metrics import high_frequency_share, noise
from impasto.metrics.grey import grey_levels


def wave(down: float, across: float, height: int = 64, width: int = 96) -> Tensor:
    """A plane wave of so many cycles a pixel, grey."""
    y, x = torch.arange(float(height))[:, None], torch.arange(float(width))[None, :]
    return (0.5 + 0.4 * torch.cos(2 * math.pi * (down * y + across * x))).expand(1, 3, height, width)


class AppleTensor(Tensor):
    """A tensor that, like one on Apple's GPU, has no float64 and leaves its device by `cpu`."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function is Tensor.double:
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype")
        result = super().__torch_function__(function, types, args, kwargs)
        return result.as_subclass(Tensor) if function is Tensor.cpu else result


def test_a_picture_on_a_device_without_float64_is_measured() -> None:
    image = wave(0.25, 0.125)
    assert torch.equal(grey_levels(image.as_subclass(AppleTensor)), grey_levels(image))


@pytest.mark.parametrize(
    ("down", "across", "share"),
    [
        (0.0, 0.125, 0.0),
        (0.125, 0.0, 0.0),
        (0.0, 0.375, 1.0),
        (0.375, 0.0, 1.0),
        (0.125, 0.125, 0.0),
        (0.21875, 0.21875, 0.0),  # each below 1/4
        (0.125, 0.375, 1.0),
    ],
)
def test_waves(down: float, across: float, share: float) -> None:
    assert high_frequency_share(wave(down, across)) == pytest.approx(share, abs=1e-3)


def test_two_waves_share_by_energy() -> None:
    both = 0.5 + 0.25 * (wave(0, 0.125) - 0.5) + 0.5 * (wave(0, 0.375) - 0.5)
    assert high_frequency_share(both) == pytest.approx(4 / 5, abs=0.01)  # grey levels are whole numbers


def test_white_noise(generator: torch.Generator) -> None:
    grain = torch.rand(1, 1, 200, 300, generator=generator).expand(1, 3, 200, 300)
    assert high_frequency_share(grain) == pytest.approx(3 / 4, abs=0.02)


def test_the_mean_does_not_count() -> None:
    assert high_frequency_share(wave(0, 0.125) + 0.1) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_flat_picture_has_no_grain(value: float) -> None:
    assert high_frequency_share(torch.full((1, 3, 96, 128), value)) == 0


def test_noise_is_relative_to_the_style(generator: torch.Generator) -> None:
    style = torch.rand(1, 3, 64, 64, generator=generator)
    assert noise(style, style) == 1
    assert noise(wave(0, 0.125), style) < 0.001
    assert math.isfinite(noise(style, torch.zeros(1, 3, 64, 64)))


def test_luma_of_the_primaries() -> None:
    primaries = torch.eye(3).view(3, 3, 1, 1)
    assert luma(primaries).flatten().tolist() == pytest.approx([0.2126, 0.7152, 0.0722])


def test_bad_input() -> None:
    for shape in ((2, 3, 8, 8), (1, 1, 8, 8), (1, 3, 3, 8)):
        with pytest.raises(PictureError):
            high_frequency_share(torch.zeros(shape))
