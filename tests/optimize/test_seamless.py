"""Seamless textures: they wrap around both axes, and no line in them shows where."""

from __future__ import annotations

import pytest
import torch

from impasto.errors import RecipeError
from impasto.optimize import Painter, make_recipe
from impasto.optimize.views import MIN_WRAPPED_VIEWS, View, make_wrapped_views

from .conftest import finish, job, objectives, picture, style_sum

TEXTURE = {
    "seamless": True,
    "start": "noise",
    "size": 48,
    "scales": ((48, 60),),
    "steps": 60,
    "strength": 2.0,
}


def test_a_wrapped_view_moves_pixels_to_the_other_side():
    image = torch.arange(20.0).view(1, 1, 4, 5)
    seen = View(top=1, left=2, wrapped=True).apply(image)
    assert all(seen[0, 0, y, x] == image[0, 0, (y + 1) % 4, (x + 2) % 5] for y in range(4) for x in range(5))
    turned = View(top=1, left=2, mirrored=True, transposed=True, wrapped=True).apply(image)
    assert torch.equal(turned, seen.flip(3).transpose(2, 3))
    assert sorted(turned.flatten().tolist()) == sorted(image.flatten().tolist())


@pytest.mark.parametrize(("height", "width"), [(48, 48), (20, 64)])
def test_wrapped_views_fill_the_picture_evenly(height, width):
    views = make_wrapped_views(8, height, width)
    assert len(views) == MIN_WRAPPED_VIEWS
    assert len(make_wrapped_views(MIN_WRAPPED_VIEWS + 3, height, width)) == MIN_WRAPPED_VIEWS + 3
    assert all(view.wrapped and 0 <= view.top < height and 0 <= view.left < width for view in views)
    assert {(v.mirrored, v.transposed) for v in views} == {
        (a, b) for a in (False, True) for b in (False, True)
    }
    for count in (8, len(views)):
        for positions, size in (
            ([v.top for v in views[:count]], height),
            ([v.left for v in views[:count]], width),
        ):
            ordered = sorted(positions)
            gaps = [b - a for a, b in zip(ordered, [*ordered[1:], ordered[0] + size], strict=True)]
            assert max(gaps) <= 4 * max(1, size / count)


def test_a_seamless_run_looks_through_wrapped_views_and_another_does_not(style):
    views = {}
    for seamless in (True, False):
        run = job(None, style, **{**TEXTURE, "seamless": seamless})
        views[seamless] = Painter(run).context.views(run.plan.scales[0])
    assert all(view.wrapped for view in views[True])
    assert views[True] == make_wrapped_views(run.plan.recipe.views, 48, run.plan.width)
    assert not any(view.wrapped for view in views[False])


@pytest.mark.parametrize("shift", [(0, 0), (7, 0), (0, 16), (33, 41)])
def test_the_objective_through_a_wrapped_view_is_the_plain_one_of_the_rolled_picture(shift, style):
    run = job(None, style, **TEXTURE)
    image = picture(48, 48, 5)
    view = View(*shift, wrapped=True)
    plain, wrapped = (objectives(run, views=[one])[one] for one in (View(), view))
    rolled = image.roll((-shift[0], -shift[1]), (2, 3))
    assert wrapped(image)[1] == plain(rolled)[1]


def test_a_picture_that_does_not_change_along_an_axis_may_be_rolled_along_it(style):
    run = job(None, style, **TEXTURE)
    rows = picture(48, 48, 5)[..., :1].expand(1, 3, 48, 48).contiguous()
    for view in (View(left=11, wrapped=True), View(left=30, wrapped=True)):
        plain, moved = (objectives(run, views=[one])[one](rows)[1] for one in (View(), view))
        assert moved == plain


def test_rolling_a_picture_that_wraps_changes_its_statistics_by_its_edges_at_most(style):
    # A sine of whole periods wraps; rolled by any amount it looks the same but for the pixels at the edge.
    run = job(None, style, **{**TEXTURE, "style_layers": {"relu1_1": 1.0}})
    phase = torch.arange(48) * (2 * torch.pi * 3 / 48)
    image = (0.5 + 0.2 * phase.sin().view(1, 1, 48, 1) + 0.2 * phase.cos().view(1, 1, 1, 48)).expand(
        1, 3, 48, 48
    )
    views = [
        View(wrapped=True),
        View(5, 0, wrapped=True),
        View(0, 13, wrapped=True),
        View(29, 7, wrapped=True),
    ]
    found = [style_sum(objectives(run, views=[view])[view](image)[1]) for view in views]
    assert max(found) - min(found) < 0.01 * max(found)
    # A picture that does not wrap has a line inside once it is rolled.
    ramp = (torch.arange(48) / 47).view(1, 1, 48, 1).expand(1, 3, 48, 48)
    found = [style_sum(objectives(run, views=[view])[view](ramp)[1]) for view in views[:2]]
    assert abs(found[0] - found[1]) > 0.01 * max(found)


def test_a_photograph_or_a_start_picture_or_a_line_search_is_refused(content, style):
    with pytest.raises(RecipeError, match="photograph"):
        job(content, style, seamless=True)
    with pytest.raises(RecipeError, match="picture"):
        make_recipe(seamless=True, start_picture="x.png")
    with pytest.raises(RecipeError, match="L-BFGS"):
        make_recipe(seamless=True, optimizer="lbfgs")


def seam(image: torch.Tensor, axis: int) -> float:
    """How many deviations the step from the last line to the first lies above those inside."""
    steps = (image - image.roll(1, axis)).square().mean([x for x in range(4) if x != axis])
    return float((steps[0] - steps[1:].mean()) / steps[1:].std())


SCALES = {"one": ((48, 60),), "two": ((24, 40), (48, 8)), "odd": ((29, 40), (48, 8))}


@pytest.mark.parametrize("name", SCALES)
def test_the_seam_of_a_texture_is_no_outlier_among_its_lines(name):
    found = {}
    for seamless in (True, False):
        settings = {"scales": SCALES[name], "steps": None, "seamless": seamless}
        image = finish(Painter(job(None, picture(48, 48, 7), **{**TEXTURE, **settings}))).pixels
        found[seamless] = max(seam(image, 2), seam(image, 3))
    assert found[True] < 3
    assert found[False] > 4


def test_a_texture_that_is_stopped_at_a_smaller_scale_still_tiles_at_its_full_size(style):
    """A seamless resize commutes with rolling; one that ends at the edges does not."""
    run = job(
        None, style, **{**TEXTURE, "size": 96, "scales": ((48, 5), (96, 5)), "steps": 10, "aspect": 1.0}
    )
    painter = Painter(run)
    events = painter.events()
    while painter.state.steps_done < 3:
        next(events)
    kept = painter.picture()
    assert kept.shape[2:] == (96, 96)
    rolled = painter.state.picture().roll((8, 12), (2, 3))
    painter.state.picture = lambda: rolled
    torch.testing.assert_close(painter.picture(), kept.roll((16, 24), (2, 3)))
