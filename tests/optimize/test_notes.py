"""What a plan says before the run, and how sharp style images are read."""

from __future__ import annotations

import torch

from impasto.guidance import Guides
from impasto.optimize import make_recipe
from impasto.optimize.pictures import read_pictures
from tests.optimize.conftest import job, picture


def test_an_enlarged_style_image_is_said_before_the_run() -> None:
    content, small, large = picture(48, 64, 1), picture(20, 32, 2), picture(96, 128, 3)
    assert job(content, large).plan.notes == ()
    (note,) = job(content, [large, small]).plan.notes
    assert "Style image 2 has 32x20 pixels and is enlarged to 64x40" in note
    (note,) = job(content, large, stroke=3.0).plan.notes
    assert "128x96 pixels and is enlarged to 192x144" in note
    # Scales above the base size do not enlarge a style image further.
    assert job(content, large, size=256, base=64, smallest=64).plan.notes == ()


def test_other_weights_than_the_published_ones_are_said() -> None:
    content, style = picture(48, 64, 1), picture(48, 64, 2)
    layers = {"content_layers": {"relu4_2": 1.0}, "style_layers": {"relu1_1": 1.0}}
    (note,) = job(content, style, preset="wasserstein", **layers).plan.notes
    assert "'wasserstein' was published with the weights of vgg19, not of tiny" in note
    assert job(content, style, encoder="tiny").plan.notes == ()  # impasto's own preset fits every encoder


def test_styles_that_are_stretched_are_read_sharply_along_both_sides() -> None:
    stripes = torch.zeros(1, 3, 200, 600)
    stripes[:, :, ::2] = 1  # every second row
    portrait = picture(64, 32, 1)
    recipe = make_recipe("mixed", size=64)
    for read in read_pictures(recipe, portrait, [stripes, stripes], Guides()).full.styles:
        assert read.shape[2] >= 64
        assert read.shape[3] >= 32
    # A style image that has too few pixels is read as it is.
    (small,) = read_pictures(recipe, portrait, [picture(16, 48, 2)], Guides()).full.styles
    assert small.shape[2:] == (16, 48)
    # Losses that are averages over positions keep the longer side of the output.
    (free,) = read_pictures(make_recipe("d2l", size=64), portrait, [stripes], Guides()).full.styles
    assert free.shape[2:] == (21, 64)


def test_padding_and_rescaling_reach_the_encoder() -> None:
    content, style = picture(48, 64, 1), picture(48, 64, 2)
    layers = {"content_layers": {"relu4_2": 1.0}, "style_layers": {"relu1_1": 1.0}}
    encoder = job(content, style, preset="gatys", **layers).encoder
    assert (encoder.pooling, encoder.padding, encoder.scale) == ("average", "zeros", 1.0)
    encoder = job(content, style, pooling="average").encoder
    assert (encoder.pooling, encoder.padding, encoder.scale) == ("average", "replicate", 2.0)
