"""Changes on the way: the next step already follows them, nothing else changes, and resuming is exact."""

from __future__ import annotations

import pytest
import torch

from impasto.errors import RecipeError
from impasto.guidance import content_factor
from impasto.optimize import Painter, Recovered, Stepped
from impasto.optimize.checkpoint import read_checkpoint

from .conftest import finish, job, picture, step_to, stop_at


def two_styles(content, style, **recipe):
    return job(content, [style, picture(40, 56, 3)], **{"balance": False, "mix": (0.25, 0.75), **recipe})


def next_terms(painter: Painter, at: int, **change) -> dict[str, float]:
    """The terms of the step after number ``at``, before which this change is made."""
    stream = painter.events()
    step_to(stream, at)
    painter.change(**change)
    terms = step_to(stream, at + 1).terms
    stream.close()
    return dict(terms)


@pytest.mark.parametrize("at", [3, 6, 8])
def test_the_next_step_weighs_the_content_by_the_new_strength(content, style, at):
    plain = next_terms(Painter(job(content, style, strength=0.3)), at)
    changed = next_terms(Painter(job(content, style, strength=0.3)), at, strength=0.9)
    ratio = content_factor(0.9) / content_factor(0.3)
    for name, value in plain.items():
        factor = ratio if name.startswith("content") else 1.0
        assert changed[name] == pytest.approx(factor * value, rel=1e-5), name


def test_the_next_step_weighs_the_styles_by_the_new_mix(content, style):
    plain = next_terms(Painter(two_styles(content, style)), 4)
    changed = next_terms(Painter(two_styles(content, style)), 4, mix=(0.75, 0.25))
    for name, value in plain.items():
        factor = {"style1": 3.0, "style2": 1 / 3}.get(name.partition("/")[0], 1.0)
        assert changed[name] == pytest.approx(factor * value, rel=1e-5), name


def test_a_style_that_was_left_out_comes_in(content, style):
    terms = next_terms(Painter(two_styles(content, style, mix=(1.0, 0.0))), 4, mix=(0.5,))
    assert any(name.startswith("style2/") and value > 0 for name, value in terms.items())


@pytest.mark.parametrize("blend", ["losses", "statistics"])
def test_a_changed_run_is_one_resumed_with_the_changed_recipe(content, style, tmp_path, blend):
    path = tmp_path / "c"
    before = {"blend": blend, "mix": (0.25, 0.75)}
    painter = Painter(two_styles(content, style, **before))
    stream = painter.events()
    step_to(stream, 5)
    painter.save_checkpoint(path)
    painter.change(mix=(0.6, 0.4))
    for _ in stream:
        pass
    other = two_styles(content, style, **{**before, "mix": (0.6, 0.4)})
    result = finish(Painter(other, resume_from=read_checkpoint(path)))
    assert torch.equal(painter.picture(), result.pixels)


VARIANTS = {
    "adam": {},
    "held": {"hold": True, "steps": 40},
    "lbfgs": {"optimizer": "lbfgs"},
    "sliced": {"style_loss": "sliced"},
    "balanced": {"balance": True, "mix": None},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_resume_after_a_change_equals_uninterrupted(content, style, tmp_path, name):
    """A run that is stopped right after the change, later in that scale, and in the next one."""

    def changed():
        painter = Painter(two_styles(content, style, **VARIANTS[name]), checkpoint_path=tmp_path / "c")
        stream = painter.events()
        step_to(stream, 5)
        painter.change(strength=1.1, mix=(0.6, 0.4))
        return painter, stream

    painter, stream = changed()
    for _ in stream:
        pass
    whole = painter.result()
    _, stream = changed()
    stream.close()
    for stop in (7, 10, None):
        saved = read_checkpoint(tmp_path / "c")
        assert (saved.recipe.strength, saved.recipe.mix) == (1.1, (0.6, 0.4))
        of = two_styles(content, style, **{**VARIANTS[name], "strength": 1.1, "mix": (0.6, 0.4)})
        painter = Painter(of, checkpoint_path=tmp_path / "c", resume_from=saved)
        if stop is not None:
            stop_at(painter, stop)
    result = finish(painter)
    assert torch.equal(result.pixels, whole.pixels)
    assert result.provenance == whole.provenance
    assert result.provenance["changes"] == [{"step": 5, "strength": 1.1, "mix": [0.6, 0.4]}]


def test_the_result_says_what_changed(content, style):
    painter = Painter(two_styles(content, style))
    assert "changes" not in painter.result().provenance
    stream = painter.events()
    step_to(stream, 2)
    painter.change(strength=0.7)
    painter.change(strength=0.7)
    step_to(stream, 6)
    painter.change(mix=(0.5,))
    found = painter.result().provenance
    assert found["changes"] == [{"step": 2, "strength": 0.7}, {"step": 6, "mix": [0.5]}]
    assert (found["recipe"]["strength"], found["recipe"]["mix"]) == (0.7, [0.5])
    stream.close()


@pytest.mark.parametrize(
    "change",
    [{"strength": 3.0}, {"strength": -1.0}, {"strength": float("nan")}, {"mix": (0.5, 0.2, 0.3)}, {"mix": ()},
     {"mix": (0.5, 0.9)}, {"mix": (float("nan"), 0.5)}, {"strength": 0.9, "mix": (2.0,)}],
)  # fmt: skip
def test_what_cannot_be_changes_nothing(content, style, change):
    painter = Painter(two_styles(content, style))
    gain, recipe = painter.state.content_gain, painter.recipe
    with pytest.raises(RecipeError):
        painter.change(**change)
    assert (painter.state.content_gain, painter.recipe, painter.state.changes) == (gain, recipe, [])


def test_one_style_has_no_mix(content, style):
    with pytest.raises(RecipeError, match="there is one"):
        Painter(job(content, style)).change(mix=(0.5, 0.5))


def test_a_large_change_is_not_taken_for_a_loss_that_runs_away(content, style):
    painter = Painter(job(content, style, strength=2.0, steps=20))
    for event in painter.events():
        assert not isinstance(event, Recovered)
        if isinstance(event, Stepped) and event.total == 12:
            painter.change(strength=0.0)
    assert painter.state.steps_done == 20


def test_a_preview_can_be_asked_for_small(content, style):
    painter = Painter(job(content, style))
    assert painter.preview().shape[2:] == painter.state.image.shape[2:]
    assert max(painter.preview(16).shape[2:]) == 16
    assert painter.preview(4096).shape == painter.preview().shape
