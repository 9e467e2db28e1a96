"""What a network is checked for: blobs and lattices are found, texture, strokes and photographs are let be."""

from __future__ import annotations

import functools

import numpy
import pytest
import torch
import torch.nn.functional as F

from impasto.feedforward import artifact_checks as artefacts
from impasto.feedforward.artifact_checks import CHECKERBOARD, activity, blob, checkerboard, faults
from impasto.plates import PLATES, paint

SIDE = 128
DOWN, ACROSS = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")


@functools.cache
def plate(name: str) -> torch.Tensor:
    picture = numpy.array(paint(name, 192).convert("RGB"))
    return torch.from_numpy(picture).permute(2, 0, 1)[None, :, :SIDE, :SIDE].float() / 255


def noise(grain: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return F.avg_pool2d(torch.rand(1, 3, SIDE + grain - 1, SIDE + grain - 1, generator=generator), grain, 1)


def fractal() -> torch.Tensor:
    """A texture with the spectrum of photographs: amplitude as one over frequency."""
    generator = torch.Generator().manual_seed(3)
    spectrum = torch.fft.fft2(torch.randn(SIDE, SIDE, generator=generator))
    frequency = torch.fft.fftfreq(SIDE)
    spectrum = spectrum / torch.hypot(frequency[:, None], frequency[None]).clamp_min(1 / SIDE)
    plane = torch.fft.ifft2(spectrum).real
    return (0.5 + 0.15 * plane / plane.std()).clamp(0, 1).expand(1, 3, -1, -1)


def smooth() -> torch.Tensor:
    return torch.stack([DOWN / SIDE, ACROSS / SIDE, (DOWN + ACROSS) / (2 * SIDE)])[None]


BACKGROUNDS = {
    **{f"plate {name}": lambda name=name: plate(name) for name in PLATES},
    "noise": lambda: noise(1), "soft noise": lambda: noise(3), "fractal": fractal, "smooth": smooth,
}  # fmt: skip


@pytest.mark.parametrize("name", BACKGROUNDS)
def test_pictures_have_no_lattice_and_no_blob(name):
    picture = BACKGROUNDS[name]()
    assert checkerboard(picture) < CHECKERBOARD / 3
    assert blob(picture, plate("swirls")) is None


PATTERNS = {
    "checkerboard": ((DOWN + ACROSS) % 2) * 2.0 - 1,
    "rows": (DOWN % 2) * 2.0 - 1,
    "columns of four": torch.cos(2 * torch.pi * ACROSS / 4),
    "squares of four": ((DOWN % 4 < 2) ^ (ACROSS % 4 < 2)).float() * 2 - 1,
    "lines of eight": ((DOWN % 8 == 0) | (ACROSS % 8 == 0)).float() * 2,
}


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("name", ["plate points", "fractal", "smooth"])
def test_a_lattice_is_found(name, pattern):
    assert checkerboard(BACKGROUNDS[name]() + 16 / 255 * PATTERNS[pattern]) > CHECKERBOARD


def test_a_lattice_too_faint_to_see_is_let_be():
    assert checkerboard(smooth() + 1 / 255 * PATTERNS["checkerboard"]) < CHECKERBOARD


def test_a_texture_of_another_period_is_no_lattice():
    assert (
        checkerboard(smooth() + 0.1 * torch.cos(2 * torch.pi * (DOWN / 5.3 + ACROSS / 11.7))) < CHECKERBOARD
    )


def with_blob(flat: torch.Tensor, size: float) -> torch.Tensor:
    distance = torch.hypot(DOWN - 50.0, ACROSS - 75.0)
    return (flat + 0.6 * torch.exp(-((distance / size) ** 2)) * torch.cos(distance)).clamp(0, 1)


@pytest.mark.parametrize("size", [4.0, 7.0])
@pytest.mark.parametrize("grain", [None, 3])
def test_a_blob_on_a_flat_picture_is_found(size, grain):
    flat = torch.full((1, 3, SIDE, SIDE), 0.5) if grain is None else 0.45 + 0.1 * noise(grain)
    found = blob(with_blob(flat, size), plate("swirls"))
    assert found is not None
    assert "stands out" in found
    assert blob(flat, plate("swirls")) is None


def test_many_strokes_are_no_blob():
    flat = torch.full((1, 3, SIDE, SIDE), 0.5)
    for top in range(4, SIDE - 16, 24):
        for left in range(4, SIDE - 16, 24):
            flat[..., top : top + 4, left : left + 14] = 0.8
    assert blob(flat, plate("swirls")) is None


def test_texture_louder_than_a_painting_is_found():
    found = blob(noise(1) * 3 - 1, 0.4 + 0.2 * plate("swirls"))
    assert found is not None
    assert "strong" in found


def test_activity_is_the_deviation_of_fine_texture():
    checks = 0.5 + 0.25 * PATTERNS["checkerboard"].expand(1, 3, -1, -1)
    places = activity(checks)
    torch.testing.assert_close(places, torch.full_like(places, 0.25), atol=0.002, rtol=0)


@pytest.mark.parametrize(
    ("paint", "words"),
    [
        (lambda x: x, None),
        (lambda x: x / 0, "a painted photograph has values that are not finite"),
        (lambda x: x + 0.1 * PATTERNS["checkerboard"] if x.std() > 0.01 else x, "checkerboard"),
        (lambda x: with_blob(x, 6.0) if x.std() < 0.01 else x, "on flat grey at 128 pixels one place"),
        (lambda x: x / x.mean() * 0.5, "flat black at 128 pixels is painted with values that are not finite"),
    ],
)
def test_faults_are_told_in_words(monkeypatch, paint, words):
    monkeypatch.setattr(artefacts, "SIZES", (SIDE,))
    found = list(faults(paint, plate("swirls")))
    assert found == [] if words is None else any(words in fault.text for fault in found)
