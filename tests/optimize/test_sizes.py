"""Sizes above the base: they begin with the very run of the base and keep to its picture."""

from __future__ import annotations

import pytest
import torch

from impasto.guidance import Guides
from impasto.imaging import resize
from impasto.optimize import Painter, ScaleDone, Stepped, make_recipe
from impasto.optimize.checkpoint import read_checkpoint
from impasto.optimize.presets import PRESETS
from impasto.optimize.schedule import schedule

from .conftest import finish, job, picture, stop_at

BASE = {"base": 32, "smallest": 16, "scale_steps": (6, 8), "steps": None, "fine_steps": (4, 3)}


@pytest.mark.parametrize("preset", [name for name in PRESETS if make_recipe(name).base])
@pytest.mark.parametrize("quality", ["draft", "normal", "high"])
@pytest.mark.parametrize("size", [600, 1024, 1500, 4096])
def test_a_schedule_above_the_base_begins_with_that_of_the_base(preset, quality, size):
    base = make_recipe(preset).base
    small = schedule(make_recipe(preset, quality=quality, size=base))
    large = schedule(make_recipe(preset, quality=quality, size=size))
    assert large[: len(small)] == small
    above = [side for side, _ in large[len(small) :]]
    assert above
    assert above[-1] == size
    assert all(base < side for side in above)
    assert all(b / a < 2.2 for a, b in zip([base, *above], above, strict=False))


def pictures_at_scale_ends(painter: Painter) -> dict[tuple[int, int], torch.Tensor]:
    found = {}
    for event in painter.events():
        if isinstance(event, ScaleDone):
            found[painter.state.size] = painter.state.picture().clone()
    return found


RUNS = {
    "plain": {},
    "held": {"hold": True, "strength": 0.3},
    "average and views": {"ema_decay": 0.9, "views": 3},
    "noise": {"start": "noise"},
    "style statistics": {"start": "style"},
    "stroke": {"stroke": 1.5},
    "luminance": {"colors": 0.7},
    "matched colours": {"colors": 1.0, "color_method": "symmetric"},
    "sliced": {"style_loss": "sliced"},
}


def base_and_large(photo, art, guides=None, **recipe):
    """The picture that a run of the base ends with, and what one of twice the size has at the base."""
    small = pictures_at_scale_ends(Painter(job(photo, art, guides, size=32, **{**BASE, **recipe})))
    large = pictures_at_scale_ends(Painter(job(photo, art, guides, size=64, **{**BASE, **recipe})))
    assert len(large) > len(small)
    final = list(small)[-1]
    assert max(final) == 32
    assert final in large
    return small[final], large[final]


@pytest.mark.parametrize("name", RUNS)
def test_the_picture_at_the_base_is_bit_for_bit_that_of_a_run_of_the_base(name):
    assert torch.equal(*base_and_large(picture(100, 140, 1), picture(90, 75, 2), **RUNS[name]))


@pytest.mark.parametrize("shape", [(100, 151), (67, 100), (143, 97), (64, 41)])
def test_that_holds_for_shapes_that_round_differently_at_different_sizes(shape):
    assert torch.equal(*base_and_large(picture(*shape, 1), picture(133, 71, 2)))
    assert torch.equal(*base_and_large(None, picture(*shape, 1)))


def test_that_holds_for_a_start_picture_several_styles_and_masks(tmp_path):
    from impasto.imaging import write_picture

    photo, arts = picture(100, 140, 1), [picture(90, 75, 2), picture(80, 120, 3)]
    first = write_picture(tmp_path / "start.png", picture(100, 140, 4))
    assert torch.equal(*base_and_large(photo, arts[0], start_picture=str(first)))
    assert torch.equal(*base_and_large(photo, arts))
    assert torch.equal(*base_and_large(photo, arts, mix=(0.7,), hold=True))
    mask = picture(100, 140, 5).mean(1, keepdim=True).expand(1, 3, -1, -1)
    guides = Guides(masks=(mask,), style_masks=("left",), protect="top")
    assert torch.equal(*base_and_large(photo, arts, guides))


def test_the_anchor_holds_the_large_picture_to_the_one_of_the_base(content, style):
    differences = {}
    for anchor in (0.0, 3000.0):
        painter = Painter(
            job(content, style, **{**BASE, "anchor": anchor, "fine_steps": (30,), "strength": 1.0})
        )
        at = pictures_at_scale_ends(painter)
        small = at[(24, 32)]
        differences[anchor] = float((resize(finish_of(at), (24, 32)) - small).square().mean())
    assert differences[3000.0] < differences[0.0] / 10
    assert differences[3000.0] < 1e-4


def finish_of(at: dict[tuple[int, int], torch.Tensor]) -> torch.Tensor:
    return at[(48, 64)]


def test_the_gain_stays_above_the_base(content, style):
    painter = Painter(job(content, style, **BASE, hold=True))
    gains = [
        (event.scale, painter.state.content_gain) for event in painter.events() if isinstance(event, Stepped)
    ]
    fine = {gain for scale, gain in gains if scale == 2}
    assert fine == {[gain for scale, gain in gains if scale == 1][-1]}
    assert len({gain for scale, gain in gains if scale == 1}) > 1


def test_resume_above_the_base_equals_uninterrupted(content, style, tmp_path):
    """A run that is stopped at the end of the base, and again and again above it."""
    settings = {**BASE, "anchor": 100.0, "hold": True, "ema_decay": 0.5}
    path = tmp_path / "run.checkpoint"
    whole = finish(Painter(job(content, style, **settings)))
    painter = Painter(job(content, style, **settings), checkpoint_path=path, checkpoint_seconds=1e9)
    for stop in (13, 14, 15, 17):
        stop_at(painter, stop)
        saved = read_checkpoint(path)
        assert (saved.state["base_image"] is None) == (stop <= 14)
        run = job(content, style, **settings)
        painter = Painter(run, checkpoint_path=path, checkpoint_seconds=1e9, resume_from=saved)
    result = finish(painter)
    assert torch.equal(result.pixels, whole.pixels)
    assert result.losses == whole.losses
