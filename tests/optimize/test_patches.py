"""Losses that match patches: what they cost, and what they need of sizes and masks."""

from __future__ import annotations

import pytest
import torch

from impasto.errors import RecipeError
from impasto.guidance import Guides
from impasto.optimize import Painter

from .conftest import finish, job, picture

PATCHES = {"style_loss": "mrf", "style_layers": {"relu2_1": 1.0}, "scales": ((64, 2),), "steps": 2}


def test_a_plan_counts_the_matching_of_every_pair_of_patches(content, style):
    plain = job(content, style, **{**PATCHES, "style_loss": "moments"}).plan
    plan = job(content, style, **PATCHES).plan
    (scale,) = plan.scales
    ((height, width),) = scale.styles
    channels = 12  # of relu2_1, at half the size
    pairs = (scale.height // 2) * (scale.width // 2) * (height // 2) * (width // 2)
    assert plan.total_macs - plain.total_macs == pytest.approx(2 * pairs * 9 * channels, rel=1e-6)
    assert plan.memory > plain.memory


def test_a_thin_image_keeps_a_patch_at_every_style_layer(style):
    layers = {"style_layers": {"relu4_1": 1.0}, "content_layers": {"relu2_1": 1.0}}
    run = job(picture(8, 64, 1), style, **{**PATCHES, **layers})
    assert run.plan.scales[0].height == 3 * 8
    assert finish(Painter(run)).pixels.shape == (1, 3, 8, 64)


def test_a_region_that_is_thinner_than_a_patch_is_refused(content, style):
    line = torch.zeros(1, 3, 48, 64)
    line[..., 30:34] = 1
    run = job(content, style, Guides(masks=(line,)), **PATCHES)
    with pytest.raises(RecipeError, match="a mask leaves none whole at a style layer; use a larger region"):
        finish(Painter(run))
