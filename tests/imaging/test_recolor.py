"""Fading, returning colours and the gamut, against L*a*b* itself."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.errors import PictureError, RecipeError
from impasto.imaging import color_difference, fade, into_gamut, lab_to_rgb, return_colors, rgb_to_lab
from impasto.imaging import recolor as module


def pixel(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64).view(1, 3, 1, 1)


def photo(seed: int = 0, height: int = 24, width: int = 17) -> torch.Tensor:
    """Every colour, the corners of the cube among them."""
    found = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed)) * 1.4 - 0.2
    return found.clamp(0, 1)


def test_fade_takes_colour_and_leaves_lightness():
    picture = photo()
    grey = fade(picture, 1.0)
    assert (grey - grey.mean(dim=1, keepdim=True)).abs().max() < 1e-5
    torch.testing.assert_close(rgb_to_lab(grey)[:, 0], rgb_to_lab(picture)[:, 0], atol=1e-3, rtol=0)
    muted = torch.tensor([0.6, 0.4, 0.5]).view(1, 3, 1, 1)
    want = rgb_to_lab(muted) * torch.tensor([1.0, 0.75, 0.75]).view(3, 1, 1)
    torch.testing.assert_close(rgb_to_lab(fade(muted, 0.25)), want, atol=1e-3, rtol=0)
    assert torch.equal(fade(picture, 0), picture)


def test_fading_and_returning_gives_the_photograph_back():
    picture = photo()
    back = return_colors(fade(picture, 1.0), picture, 1.0)
    torch.testing.assert_close(back, picture, atol=1e-4, rtol=0)
    assert color_difference(back, picture) < 1e-2
    # In between the two shares add up to one.
    muted = 0.3 + 0.4 * picture
    torch.testing.assert_close(return_colors(fade(muted, 0.4), muted, 0.4), muted, atol=1e-4, rtol=0)


def test_returned_colours_are_the_photographs_on_the_painted_lightness():
    painted, photograph = pixel(0.5, 0.5, 0.5).float(), pixel(0.7, 0.45, 0.4).float()
    found = rgb_to_lab(return_colors(painted, photograph, 0.5))
    want = torch.cat((rgb_to_lab(painted)[:, :1], rgb_to_lab(photograph)[:, 1:] / 2), dim=1)
    torch.testing.assert_close(found, want, atol=1e-3, rtol=0)
    picture, other = photo(1), photo(2)
    assert torch.equal(return_colors(picture, other, 0.0), picture)
    mixed = return_colors(picture, other, 1.0)
    assert mixed.min() >= 0
    assert mixed.max() <= 1


LIGHTNESS, HUE, CHROMA = (
    st.floats(low, high, allow_subnormal=False)  # the engine flushes subnormals
    for low, high in ((0, 100), (-math.pi, math.pi), (0, 200))
)


@settings(max_examples=200, deadline=None)
@given(LIGHTNESS, HUE, CHROMA)
def test_gamut_keeps_lightness_and_hue(lightness, hue, chroma):
    lab = pixel(lightness, chroma * math.cos(hue), chroma * math.sin(hue))
    rgb = into_gamut(lab)
    assert rgb.min() >= 0
    assert rgb.max() <= 1
    found = rgb_to_lab(rgb).flatten()
    # Across the hue, in units of L*a*b*: an angle says nothing about greys. Only the dent beside yellow
    # (hue 1.44 to 3.03, L from 82 on) is clipped.
    across = -found[1] * math.sin(hue) + found[2] * math.cos(hue)
    dent = lightness > 80 and hue > 1.4
    assert abs(across) < (1.7 if dent else 0.05)
    assert found[0].item() == pytest.approx(lightness, abs=1.2 if dent else 0.05)
    along = found[1] * math.cos(hue) + found[2] * math.sin(hue)
    assert -0.05 < along < chroma + (1.7 if dent else 0.05)


@settings(max_examples=100, deadline=None)
@given(LIGHTNESS, HUE)
def test_gamut_goes_to_the_edge(lightness, hue):
    lab = pixel(lightness, 200 * math.cos(hue), 200 * math.sin(hue))
    chroma = rgb_to_lab(into_gamut(lab))[:, 1:].norm().item()
    # A little more chroma in the same direction is outside.
    beyond = lab_to_rgb(pixel(lightness, (chroma + 1) * math.cos(hue), (chroma + 1) * math.sin(hue)))
    assert beyond.min() < 0 or beyond.max() > 1


def test_gamut_leaves_colours_inside_alone_and_clamps_lightness():
    picture = photo().double()
    torch.testing.assert_close(into_gamut(rgb_to_lab(picture)), picture, atol=1e-6, rtol=0)
    torch.testing.assert_close(into_gamut(pixel(130, 20, 5)), pixel(1, 1, 1), atol=1e-3, rtol=0)
    torch.testing.assert_close(into_gamut(pixel(-5, 20, 5)), pixel(0, 0, 0), atol=1e-3, rtol=0)


def test_yellow_does_not_fall_through_the_dent():
    # R of a half faded yellow is 1.013: without care a yellow a hair outside would lose most of its chroma.
    yellow = rgb_to_lab(pixel(1, 1, 0))
    outside = yellow * torch.tensor([1.001, 1.01, 1.01], dtype=torch.float64).view(3, 1, 1)
    assert lab_to_rgb(outside).max() > 1.001
    assert (rgb_to_lab(into_gamut(outside)) - outside).norm() < 5
    assert (rgb_to_lab(fade(pixel(1, 1, 0), 0.5))[:, 1:] - yellow[:, 1:] / 2).norm() < 1.7


def test_strips_change_nothing(monkeypatch):
    painted, photograph = photo(3), photo(4)
    whole = return_colors(painted, photograph, 0.7), fade(painted, 0.3), color_difference(painted, photograph)
    monkeypatch.setattr(module, "_STRIP", 5 * 17)
    torch.testing.assert_close(return_colors(painted, photograph, 0.7), whole[0], atol=2e-5, rtol=0)
    torch.testing.assert_close(fade(painted, 0.3), whole[1], atol=2e-5, rtol=0)
    assert color_difference(painted, photograph) == pytest.approx(whole[2], rel=1e-6)


def test_color_difference_against_published_values():
    # L*a*b* of red and green: (53.24, 80.09, 67.20), (87.73, -86.18, 83.18).
    red, green = pixel(1, 0, 0), pixel(0, 1, 0)
    assert color_difference(red, green) == pytest.approx(math.hypot(166.2752, 15.9761), abs=1e-2)
    assert color_difference(pixel(0.2, 0.2, 0.2), pixel(0.9, 0.9, 0.9)) == pytest.approx(0, abs=1e-6)
    both = torch.cat((red, red), dim=3), torch.cat((red, green), dim=3)
    assert color_difference(*both) == pytest.approx(math.hypot(166.2752, 15.9761) / 2, abs=1e-2)


def test_bad_input():
    picture = photo()
    for call in (return_colors, lambda x, y, _: color_difference(x, y)):
        with pytest.raises(PictureError, match="resize one of them"):
            call(picture, picture[..., 1:], 0.5)
    for share in (-0.1, 1.5, math.nan):
        with pytest.raises(RecipeError, match="from 0 to 1"):
            fade(picture, share)
        with pytest.raises(RecipeError, match="from 0 to 1"):
            return_colors(picture, picture, share)
    for call in (into_gamut, lambda x: fade(x, 0.5), lambda x: return_colors(x, x, 0.5)):
        with pytest.raises(PictureError, match="3, H, W"):
            call(picture[:, :2])
