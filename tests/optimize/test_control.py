"""Strength: the controller's formula, the distance that a held run ends at, and that its gain is part of the state."""

from __future__ import annotations

import math

import pytest
import torch

from impasto.guidance import content_distance, content_factor
from impasto.imaging import resize
from impasto.losses import content_loss
from impasto.optimize import Painter, Recovered, Stepped, make_recipe
from impasto.optimize.checkpoint import read_checkpoint
from impasto.optimize.control import next_gain, start_share, target_distance
from impasto.optimize.objective import Objective

from .conftest import finish, job, stop_at

LAYERS = {"relu3_1": 0.5, "relu4_1": 1.0, "relu4_2": 1.0}


def recipe(**changes):
    fields = {"content_layers": LAYERS, "content_weight": 0.25, "hold": True, "strength": 0.4}
    return make_recipe(**{**fields, **changes})


def held_gain(of, gain, parts, step, steps):
    """The next gain of a run that holds its strength."""
    return next_gain(of, gain, parts, step, steps, target_distance(of, None))


def terms(gain: float, *losses: float) -> dict[str, float]:
    """What a step reports for these content losses of the three layers."""
    pairs = zip(LAYERS.items(), losses, strict=True)
    found = {f"content/{layer}": gain * 0.25 * weight * loss for (layer, weight), loss in pairs}
    return {**found, "style/relu1_1": 99.0}


@pytest.mark.parametrize(("steps", "power"), [(60, 0.1), (600, 0.01), (8, 0.5)])
def test_the_gain_follows_the_formula(steps, power):
    # The layers of the largest weight are .3 and .7 off, .5 in the mean; the other one does not count.
    found = held_gain(recipe(), 2.0, terms(2.0, 7.0, 0.3, 0.7), steps - 1, steps)
    assert found == pytest.approx(2.0 * (0.5 / 0.4) ** power)
    less = held_gain(recipe(strength=0.8), 2.0, terms(2.0, 7.0, 0.3, 0.7), steps - 1, steps)
    assert less == pytest.approx(2.0 * (0.5 / 0.8) ** power)


def test_far_off_distances_change_the_gain_by_a_factor_of_e_at_most_over_one_unit_of_pull():
    far = held_gain(recipe(), 1.0, terms(1.0, 0.0, 40.0, 40.0), 59, 60)
    near = held_gain(recipe(), 1.0, terms(1.0, 0.0, 1e-9, 1e-9), 59, 60)
    assert far == pytest.approx(math.exp(0.1))
    assert near == pytest.approx(math.exp(-0.1))


def test_the_gain_waits_stays_within_limits_and_stays_where_nothing_is_held():
    off = terms(2.0, 1.0, 1.0, 1.0)
    for step in (1, 12):
        assert held_gain(recipe(), 2.0, off, step, 60) == 2.0
    assert held_gain(recipe(), 2.0, off, 13, 60) > 2.0
    assert held_gain(recipe(), 2.0, off, 2, 8) == 2.0
    assert held_gain(recipe(), 2.0, off, 3, 8) > 2.0
    assert held_gain(recipe(), 1000.0, terms(1000.0, 1.0, 1.0, 1.0), 50, 60) == 1000.0
    assert held_gain(recipe(), 1e-4, terms(1e-4, 0.1, 0.1, 0.1), 50, 60) == 1e-4
    assert held_gain(recipe(hold=False), 2.0, off, 50, 60) == 2.0
    assert held_gain(recipe(style_layers={}), 2.0, off, 50, 60) == 2.0
    assert held_gain(recipe(content_layers={}), 2.0, {"style/relu1_1": 1.0}, 50, 60) == 2.0
    assert held_gain(recipe(content_layers={"relu4_1": 0.0}), 2.0, {"style/relu1_1": 1.0}, 50, 60) == 2.0


def test_strength_as_distance_and_as_factor():
    assert [content_distance(s) for s in (0.0, 0.02, 0.5, 2.0)] == [0.03, 0.03, 0.5, 2.0]
    assert [content_factor(s) for s in (0.0, 0.5, 1.0, 2.0)] == pytest.approx([10, 1, 0.1, 1e-3])


def stripes() -> torch.Tensor:
    """Orange and black, three columns each."""
    colour = torch.tensor([1.0, 0.5, 0.2]).view(1, 3, 1, 1)
    return (torch.arange(48) // 3 % 2) * colour.expand(1, 3, 48, 48)


def grain() -> torch.Tensor:
    """Independent pixels."""
    return torch.rand(1, 3, 48, 48, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("strength", [0.15, 0.4])
@pytest.mark.parametrize("art", [stripes(), grain()], ids=["stripes", "grain"])
def test_a_held_run_ends_at_the_distance_of_its_strength(art, strength, content):
    layers = ["relu4_1", "relu4_2"]  # the preset's of the largest weight
    distances = {}
    for hold in (True, False):
        run = job(content, art, scales=((64, 80),), steps=80, hold=hold, strength=strength, views=2)
        ours = run.encoder(finish(Painter(run)).pixels, layers)
        theirs = run.encoder(resize(content, (48, 64)), layers)
        distances[hold] = sum(float(content_loss(ours[x], theirs[x], "variance")) for x in layers) / 2
    assert distances[True] == pytest.approx(strength, rel=0.2)
    assert abs(distances[True] - strength) < abs(distances[False] - strength)


def gains_of(painter: Painter) -> dict[int, float]:
    return {
        event.total: painter.state.content_gain for event in painter.events() if isinstance(event, Stepped)
    }


def test_without_hold_the_gain_is_the_factor_at_every_step(content, style):
    found = gains_of(Painter(job(content, style, strength=0.8)))
    assert set(found.values()) == {content_factor(0.8)}
    assert len(set(gains_of(Painter(job(content, style, strength=0.8, hold=True))).values())) > 3


@pytest.mark.parametrize("stop", [5, 9])
def test_the_gain_is_in_the_checkpoint(stop, content, style, tmp_path):
    path = tmp_path / "run.checkpoint"
    whole = gains_of(Painter(job(content, style, hold=True)))
    first = Painter(job(content, style, hold=True), checkpoint_path=path, checkpoint_seconds=1e9)
    stop_at(first, stop)
    again = Painter(job(content, style, hold=True), resume_from=read_checkpoint(path))
    assert again.state.content_gain == whole[stop] != content_factor(0.5)
    assert gains_of(again) == {total: gain for total, gain in whole.items() if total > stop}


def test_a_recovery_takes_the_gain_of_the_state_it_goes_back_to(content, style, monkeypatch):
    plain, calls = Objective.__call__, []

    def poisoned(self, image, gains=None):
        calls.append(gains)
        loss, parts = plain(self, image, gains)
        return (loss * torch.nan if len(calls) == 17 else loss), parts

    monkeypatch.setattr(Objective, "__call__", poisoned)
    painter = Painter(job(content, style, scales=((64, 25),), steps=25, hold=True, strength=0.2))
    after: dict[int, float] = {}
    recovered = None
    for event in painter.events():
        if isinstance(event, Stepped) and recovered is None:
            after[event.total] = painter.state.content_gain
        if isinstance(event, Recovered):
            recovered = (event.total, painter.state.content_gain)
    assert after[10] != after[9]
    assert recovered == (10, after[10])


def test_a_start_in_one_pass_holds_the_distance_of_that_picture():
    assert target_distance(recipe(strength=0.8), None) == 0.8
    assert target_distance(recipe(strength=0.8), 1.5) == 1.5
    gain = next_gain(recipe(), 2.0, terms(2.0, 7.0, 0.3, 0.7), 59, 60, 0.8)
    assert gain == pytest.approx(2.0 * (0.5 / 0.8) ** 0.1)


def test_below_a_strength_of_a_half_the_distance_falls_in_proportion_to_the_photograph():
    assert [start_share(strength) for strength in (0.0, 0.25, 0.5, 2.0)] == [0.0, 0.5, 1.0, 1.0]
    # A blend of a quarter of the distance 1.5: features differ by a half, squares by a quarter.
    assert target_distance(recipe(strength=0.25), 1.5 / 4) == pytest.approx(0.75)
    assert target_distance(recipe(strength=0.0), 0.0) == pytest.approx(0.03)


def test_a_strength_changed_during_the_run_changes_the_distance_of_the_start():
    assert target_distance(recipe(strength=1.0), 1.5, 0.5) == pytest.approx(1.5 * 2**0.6)
    assert target_distance(recipe(strength=0.5), 1.5, 1.0) == pytest.approx(1.5 / 2**0.6)
    assert target_distance(recipe(strength=0.25), 1.5, 0.5) == pytest.approx(0.75)
    assert target_distance(recipe(strength=0.5), 1.5 / 4, 0.25) == pytest.approx(1.5)
    assert target_distance(recipe(strength=0.7), 0.0, 0.0) == pytest.approx(0.7)
    for strength in (0.2, 0.5, 1.3):
        unchanged = target_distance(recipe(strength=strength), 1.5)
        assert target_distance(recipe(strength=strength), 1.5, strength) == unchanged
