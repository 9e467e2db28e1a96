"""Size consistency of equal and of different pictures."""

from __future__ import annotations

import pytest
import torch

from impasto.encoders import open_encoder
from impasto.imaging import resize
from impasto.metrics import judge, layout_difference, size_consistency


def test_equal_pictures_are_consistent(generator: torch.Generator) -> None:
    picture, style = torch.rand(2, 3, 64, 96, generator=generator).split(1)
    found = size_consistency(picture, picture, style, open_encoder("tiny"), 96)
    assert found == {"style5_change": 0, "style5_between": pytest.approx(0, abs=1e-6), "layout": 0}


def test_a_larger_copy_is_consistent_and_another_picture_is_not(generator: torch.Generator) -> None:
    small, other, style = (resize(torch.rand(1, 3, 8, 12, generator=generator), (64, 96)) for _ in range(3))
    encoder = open_encoder("tiny")
    same = size_consistency(small, resize(small, (256, 384)), style, encoder, 96)
    different = size_consistency(small, other, style, encoder, 96)
    assert all(same[name] < 0.02 * different[name] for name in same)
    styles = [judge(picture, small, style, encoder, 96, ("style5",)).style5 for picture in (small, other)]
    assert different["style5_change"] == pytest.approx(abs(styles[0] - styles[1]))


def test_layout_is_a_lab_difference() -> None:
    black, white = torch.zeros(1, 3, 64, 64), torch.ones(1, 3, 64, 64)
    assert layout_difference(black, white) == pytest.approx(100, abs=0.01)
    # Grey 119 of 255 has the lightness 50.
    assert layout_difference(black, torch.full((1, 3, 64, 64), 119 / 255)) == pytest.approx(50, abs=0.2)
    half = torch.cat([black[..., :32], white[..., :32]], 3)
    assert layout_difference(half, black) == pytest.approx(50, abs=3)
    # Fine marks do not count.
    stripes = (torch.arange(64) % 2).float().expand(1, 3, 64, 64)
    assert layout_difference(stripes, torch.full((1, 3, 64, 64), 0.5)) < 1
