"""Colours: whose they are in the result, and what is compared for it."""

from __future__ import annotations

import typing

import pytest
import torch

from impasto.imaging import color_difference, fade, match_colors, read_picture, return_colors
from impasto.imaging.color import rgb_to_lab
from impasto.imaging.match import MATCHES, SPACES
from impasto.optimize import Finished, Painter, Preview
from impasto.optimize.recipe_fields import ColorMethod, ColorSpace

from .conftest import finish, job, objectives, picture, style_terms

ONE_SCALE = {"scales": ((64, 12),), "steps": 12}
MATCHING = [(method, space) for method in MATCHES for space in (None, *SPACES)]


@pytest.fixture
def soft_style() -> torch.Tensor:
    """A style without black, white or strong colour, so that no chroma leaves the gamut."""
    return 0.35 + 0.3 * picture(56, 40, 2)


@pytest.fixture
def soft_content() -> torch.Tensor:
    return 0.3 + 0.4 * picture(48, 64, 1)


def lightness(image: torch.Tensor) -> torch.Tensor:
    return rgb_to_lab(image)[:, :1]


def test_the_recipe_knows_the_methods_and_spaces_there_are():
    assert set(typing.get_args(ColorMethod)) == {"luminance", *MATCHES}
    assert set(typing.get_args(ColorSpace)) == set(SPACES)


def test_all_of_the_photographs_colours_come_back_and_lightness_is_painted(soft_content, soft_style):
    result = finish(Painter(job(soft_content, soft_style, colors=1.0, steps=24)))
    assert color_difference(result.pixels, soft_content) < 1
    moved = (lightness(result.pixels) - lightness(soft_content)).abs().mean()
    assert float(moved) > 2
    style_coloured = finish(Painter(job(soft_content, soft_style, steps=24)))
    assert color_difference(style_coloured.pixels, soft_content) > 5


def test_colours_between_are_between(soft_content, soft_style):
    differences = [
        color_difference(
            finish(Painter(job(soft_content, soft_style, colors=m, steps=24))).pixels, soft_content
        )
        for m in (0.0, 0.4, 0.8, 1.0)
    ]
    assert differences == sorted(differences, reverse=True)
    assert differences[1] < 0.9 * differences[0]
    assert differences[2] < 0.6 * differences[0]


@pytest.mark.parametrize("method", typing.get_args(ColorMethod))
def test_none_of_the_photographs_colours_is_not_asking(method, content, style):
    plain = finish(Painter(job(content, style, **ONE_SCALE)))
    asked = finish(Painter(job(content, style, colors=0.0, color_method=method, **ONE_SCALE)))
    assert torch.equal(asked.pixels, plain.pixels)
    assert asked.losses == plain.losses


def test_luminance_compares_faded_pictures_and_returns_the_colours_to_the_painting(content, style):
    run = job(content, style, colors=0.7, **ONE_SCALE)
    assert torch.equal(run.pictures.full.content, fade(content, 0.7))
    assert torch.equal(run.pictures.full.styles[0], fade(style, 0.7))
    painter = Painter(run)
    result = finish(painter)
    expected = return_colors(painter.state.picture(), content, 0.7)
    assert torch.equal(result.pixels, expected)
    by_hand = finish(Painter(job(fade(content, 0.7), fade(style, 0.7), **ONE_SCALE)))
    assert torch.equal(return_colors(by_hand.pixels, content, 0.7), result.pixels)


@pytest.mark.parametrize(("method", "space"), MATCHING)
def test_matching_makes_the_style_targets_those_of_the_matched_style(method, space, content, style):
    run = job(content, style, colors=1.0, color_method=method, color_space=space, **ONE_SCALE)
    by_hand = job(content, match_colors(style, content, method, space), **ONE_SCALE)
    ours, theirs = style_terms(run), style_terms(by_hand)
    plain = style_terms(job(content, style, **ONE_SCALE))
    for layer, term in ours.items():
        torch.testing.assert_close(term.targets[0].mean, theirs[layer].targets[0].mean)
        torch.testing.assert_close(term.targets[0].second, theirs[layer].targets[0].second)
        assert not torch.allclose(term.targets[0].second, plain[layer].targets[0].second, rtol=1e-2)
    # The photograph is compared as it is, and nothing is done to the painting.
    assert torch.equal(run.pictures.full.content, content)
    painter = Painter(run)
    result = finish(painter)
    assert torch.equal(result.pixels, painter.state.picture())


@pytest.mark.parametrize("method", MATCHES)
def test_matching_takes_the_palette_of_the_photograph(method, content, style):
    run = job(content, style, colors=1.0, color_method=method, **ONE_SCALE)
    before = (style.mean((2, 3)) - content.mean((2, 3))).abs().max()
    after = (run.pictures.full.styles[0].mean((2, 3)) - content.mean((2, 3))).abs().max()
    assert float(after) < 0.25 * float(before)
    half = job(content, style, colors=0.5, color_method=method, **ONE_SCALE)
    torch.testing.assert_close(half.pictures.full.styles[0], (style + run.pictures.full.styles[0]) / 2)


def test_every_style_of_several_is_matched(content, style):
    arts = [style, picture(48, 48, 3)]
    run = job(content, arts, colors=1.0, color_method="symmetric", **ONE_SCALE)
    for art, matched in zip(arts, run.pictures.full.styles, strict=True):
        assert torch.equal(matched, match_colors(art, content, "symmetric"))


@pytest.mark.parametrize("settings", [{"color_method": "luminance"}, {"color_method": "histogram"}], ids=str)
@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
def test_the_last_preview_is_the_finished_picture(settings, ema_decay, content, style):
    painter = Painter(job(content, style, colors=0.8, ema_decay=ema_decay, **settings), preview_every=4)
    previews, sizes, result = [], [], None
    for event in painter.events():
        if isinstance(event, Preview):
            previews.append(event.pixels)
            sizes.append(painter.state.size)
        elif isinstance(event, Finished):
            result = event.result
    assert sizes == [(24, 32), (48, 64), (48, 64)] or len(set(sizes)) == 2
    assert [tuple(preview.shape[2:]) for preview in previews] == sizes
    assert torch.equal(previews[-1], result.pixels)
    assert torch.equal(painter.picture(), result.pixels)


def test_a_texture_has_no_photograph_to_take_colours_from(style):
    plain = finish(Painter(job(None, style, start="noise", **ONE_SCALE)))
    asked = finish(Painter(job(None, style, start="noise", colors=1.0, **ONE_SCALE)))
    assert torch.equal(asked.pixels, plain.pixels)


def test_colours_reach_the_objective_above_the_base(content, style):
    large = picture(96, 128, 1)
    run = job(large, style, colors=1.0, base=32, size=64, anchor=10.0)
    result = finish(Painter(run))
    assert torch.equal(run.pictures.base.content, fade(read_picture(large, longest=32).pixels, 1.0))
    (objective,) = objectives(run).values()
    assert float(objective(run.pictures.full.content)[1]["content/relu4_1"]) == pytest.approx(0, abs=1e-6)
    assert result.pixels.shape == (1, 3, 48, 64)
