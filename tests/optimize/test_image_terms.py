"""Terms that read pixels, in whole runs."""

from __future__ import annotations

import pytest

from impasto.errors import RecipeError
from impasto.imaging import read_picture, resize, write_picture
from impasto.losses import value_range_loss
from impasto.optimize import Painter, Stepped, make_recipe
from impasto.optimize.presets import change_recipe

from .conftest import job, picture


def test_the_value_range_keeps_pixels_in_place_of_clamp(content, style):
    outside = {}
    black_and_white = (content > content.mean()).float()
    for weight in (0.0, 1e4):
        settings = {"value_range_weight": weight, "learning_rate": 0.05, "smooth_steps": False}
        run = job(black_and_white, style, clamp=False, **settings)
        painter = Painter(run)
        steps = [event for event in painter.events() if isinstance(event, Stepped)]
        outside[weight] = float(value_range_loss(painter.state.image.detach()))
        assert ("value_range" in steps[-1].terms) == bool(weight)
    assert 0 < outside[1e4] < outside[0.0] / 2


def test_the_value_range_turns_clamp_off_and_excludes_it():
    assert make_recipe().clamp
    assert not make_recipe(value_range_weight=1.0).clamp
    stored = make_recipe().to_json()
    assert not change_recipe(stored, value_range_weight=1.0).clamp
    with pytest.raises(RecipeError, match="value_range_weight penalises pixels"):
        make_recipe(value_range_weight=1.0, clamp=True)


def test_the_layout_term_keeps_the_colours_of_the_initial_picture(content, style, tmp_path):
    start = tmp_path / "start.png"
    write_picture(start, picture(48, 64, 7))
    target = resize(read_picture(start).pixels, (3, 4))
    differences = {}
    for layout in (0.0, 1e4):
        run = job(content, style, start_picture=str(start), layout=layout)
        painter = Painter(run)
        steps = [event for event in painter.events() if isinstance(event, Stepped)]
        assert ("layout" in steps[-1].terms) == bool(layout)
        differences[layout] = float((resize(painter.state.image.detach(), (3, 4)) - target).square().mean())
    assert differences[1e4] < differences[0.0] / 4


def test_recoloured_styles_have_no_layout_term(content, style, tmp_path):
    start = tmp_path / "start.png"
    write_picture(start, picture(48, 64, 7))
    run = job(content, style, start_picture=str(start), layout=9.0, colors=1.0, color_method="cholesky")
    steps = [event for event in Painter(run).events() if isinstance(event, Stepped)]
    assert "layout" not in steps[-1].terms
