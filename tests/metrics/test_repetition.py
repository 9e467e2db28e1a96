"""Repetition of tiled and of free textures, and what counts as flat."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.errors import PictureError
from impasto.imaging import resize
from impasto.metrics import flat_areas, judge, repetition_within

EVERYWHERE = torch.ones(128, 160)


def grain(generator: torch.Generator, height: int = 128, width: int = 160, cell: int = 2) -> Tensor:
    """Random marks of about `cell` pixels, grey."""
    small = torch.rand(1, 1, height // cell, width // cell, generator=generator)
    return resize(small, (height, width)).expand(1, 3, height, width)


@pytest.mark.parametrize("period", [8, 16, 32])
def test_a_tiled_texture_repeats(generator: torch.Generator, period: int) -> None:
    tiled = grain(generator, period, period).repeat(1, 1, 128 // period, 160 // period)
    assert repetition_within(tiled, EVERYWHERE) == pytest.approx(1, abs=0.01)
    # A change of brightness and contrast does not hide it.
    assert repetition_within(0.3 + 0.2 * tiled, EVERYWHERE) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("cell", [1, 2, 4])
def test_free_marks_do_not(generator: torch.Generator, cell: int) -> None:
    assert repetition_within(grain(generator, cell=cell), EVERYWHERE) < 0.15


def test_only_the_mask_counts(generator: torch.Generator) -> None:
    picture = grain(generator)
    picture = torch.cat([picture[..., :80], grain(generator, 16, 16).repeat(1, 1, 8, 5)], 3)
    left = torch.zeros(128, 160)
    left[:, :72] = 1
    assert repetition_within(picture, left) < 0.15
    assert repetition_within(picture, left.flip(1)) == pytest.approx(1, abs=0.01)


def test_what_cannot_be_seen_does_not_count(generator: torch.Generator) -> None:
    tile = grain(generator, 8, 8, cell=4)
    faint = 0.5 + 2 / 255 * (
        tile.repeat(1, 1, 16, 20) - 0.5
    )  # two levels between the darkest and the brightest
    assert repetition_within(faint, EVERYWHERE) < 0.25


def test_empty_mask_and_flat_picture() -> None:
    flat = torch.full((1, 3, 128, 160), 0.4)
    assert repetition_within(flat, EVERYWHERE) == pytest.approx(0, abs=1e-6)
    assert repetition_within(flat, torch.zeros(128, 160)) == 0
    with pytest.raises(PictureError, match="mask of flat areas"):
        repetition_within(flat, torch.ones(8, 8))


def test_a_sky_is_flat_and_its_ground_is_not(generator: torch.Generator) -> None:
    sky = torch.linspace(0.4, 0.8, 64)[:, None].expand(1, 3, 64, 160)
    photo = torch.cat([sky, grain(generator, 64, 160)], 2)
    mask = flat_areas(photo)
    assert bool(mask[:40].all())
    assert not bool(mask[60:].any())
    # Marks on the ground are not looked at, marks in the sky are.
    tiles = grain(generator, 16, 16).repeat(1, 1, 4, 10)
    for painted, low, high in (
        (torch.cat([sky, tiles], 2), -0.01, 0.1),
        (torch.cat([tiles, sky], 2), 0.9, 1),
    ):
        score = judge(painted, photo, photo, None, 160, ("repetition",))["repetition"]
        assert low <= score <= high
