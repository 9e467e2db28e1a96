"""The engine: events, optimisers, resume, recovery, scales, textures."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch

from impasto.errors import DivergedError, RecipeError, ResumeError, TooLargeError
from impasto.guidance import Guides, Placement, StyleRegion, content_factor
from impasto.imaging import resize
from impasto.optimize import (
    Finished,
    Painter,
    Preview,
    Recovered,
    ScaleDone,
    ScaleStarted,
    Started,
    Stepped,
    make_recipe,
    open_job,
)
from impasto.optimize.build import build_objectives
from impasto.optimize.checkpoint import read_checkpoint, restore, same_recipe
from impasto.optimize.ema import EMA
from impasto.optimize.initial_image import initial_image
from impasto.optimize.job import Job
from impasto.optimize.mixing import mix_of
from impasto.optimize.objective import Objective
from impasto.optimize.pictures import RunPictures
from impasto.optimize.plan import PictureSizes, check_memory, make_plan
from impasto.optimize.scale_encoders import ScaleEncoders
from impasto.optimize.state import learning_rate
from impasto.optimize.terms import DEFAULT_TERMS, ScaleInputs
from impasto.optimize.views import View, make_views, view_of_step

from .conftest import finish, job, picture, stop_at

PLAIN = (View(),)


def objectives_of(recipe, run, content, styles, views=PLAIN):
    """The objectives of the last scale."""
    mix = mix_of(recipe, len(styles))
    scale = run.plan.scales[-1]
    placement = Placement(tuple(StyleRegion(index) for index in range(len(styles))))
    pictures = RunPictures((48, 64), content, tuple(styles), None, placement)
    return build_objectives(ScaleInputs(recipe, scale, run.encoder, pictures, mix), DEFAULT_TERMS, views)


def only(recipe, run, content, styles):
    """The objective of the last scale without shifts or turns."""
    return objectives_of(recipe, run, content, styles)[View()]


def test_events_come_in_order_and_count_every_step(content, style):
    run = job(content, style)
    events = list(Painter(run, preview_every=4).events())
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    steps = [event for event in events if isinstance(event, Stepped)]
    assert [event.total for event in steps] == list(range(1, 13))
    assert sum(isinstance(event, ScaleStarted) for event in events) == len(run.plan.scales) == 2
    assert sum(isinstance(event, ScaleDone) for event in events) == 2
    assert sum(isinstance(event, Preview) for event in events) == 3
    assert all(event.loss == pytest.approx(sum(event.terms.values()), rel=1e-5) for event in steps)
    assert len(events[-1].result.losses) == 12


VARIANTS = {
    "adam": {},
    "moving average": {"ema_decay": 0.9},
    "decay": {"decay": 0.5, "decay_every": 3, "final_learning_rate_factor": 0.3},
    "lbfgs": {"optimizer": "lbfgs", "learning_rate": 1.0, "clamp": False},
    "noise": {"start": "noise"},
    "style start": {"start": "style"},
    "gram": {"style_loss": "gram", "style_weight": 1e4},
    "wasserstein": {"style_loss": "wasserstein", "strength": 2.0},
    "sliced": {"style_loss": "sliced", "strength": 2.0},
    "mrf": {"style_loss": "mrf", "views": 2, "strength": 2.0},
    "variation": {"variation_weight": 1.0},
    "value range": {"value_range_weight": 10.0},
    "views": {"views": 5, "strength": 2.0},
    "held": {"hold": True, "strength": 1.0},
    "base": {"base": 32, "anchor": 10.0},
    "colours": {"colors": 0.5},
    "matched colours": {"colors": 1.0, "color_method": "histogram"},
    "protected": {"guides": Guides(protect="right"), "start": "noise", "ema_decay": 0.5},
    "protected above the base": {"guides": Guides(protect="right"), "base": 32, "anchor": 10.0},
    "seamless": {"seamless": True},
    "balanced": {"strength": 2.0},
    "balanced and held": {"hold": True, "base": 32, "anchor": 10.0},
    "calibrated": {"mix": (0.7,), "strength": 2.0},
    "given": {"mix": (0.7,), "sigmas": (1.0, 3.0)},
    "statistics": {"blend": "statistics", "strength": 2.0},
    "layers": {"share": "layers"},
    "scales": {"share": "scales", "strength": 2.0, "smooth_steps": False},
    "masked": {"guides": Guides(masks=("left",), style_masks=("top",)), "strength": 2.0},
    "masked patches": {
        "guides": Guides(masks=("left",), style_masks=("top",)),
        "style_loss": "mrf",
        "style_layers": {"relu2_1": 1.0, "relu3_1": 1.0},  # all pairs of relu1_1 would take a minute
        "strength": 2.0,
    },
}
SEVERAL = set(list(VARIANTS)[list(VARIANTS).index("balanced") :])


def variant(name, content, style, **more) -> Job:
    """A run of one of the variants, with two styles for those that are about several."""
    photo = None if name == "seamless" else content
    return job(photo, [style, picture(48, 48, 3)] if name in SEVERAL else style, **(VARIANTS[name] | more))


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_lowers_its_loss_and_stays_a_picture(name, content, style):
    longer = {} if name == "scales" else {"scales": ((64, 25),), "steps": 25}
    run = variant(name, content, style, **longer)
    result = finish(Painter(run))
    first = 0 if len(run.plan.scales) == 1 else len(result.losses) - run.plan.scales[-1].steps
    assert result.losses[-1] < result.losses[first]
    assert result.pixels.shape == (1, 3, run.plan.height, run.plan.width)
    assert float(result.pixels.min()) >= 0
    assert float(result.pixels.max()) <= 1


@pytest.mark.parametrize("name", VARIANTS)
def test_resume_equals_uninterrupted(name, content, style, tmp_path):
    """A run that is interrupted again and again, at the start, at the end and in the middle of a scale."""
    path = tmp_path / "run.checkpoint"
    whole = finish(Painter(variant(name, content, style)))
    painter = Painter(variant(name, content, style), checkpoint_path=path, checkpoint_seconds=1e9)
    for stop in (1, 6, 9):
        stop_at(painter, stop)
        saved = read_checkpoint(path)
        assert saved.state["steps_done"] == stop
        run = variant(name, content, style)
        painter = Painter(run, checkpoint_path=path, checkpoint_seconds=1e9, resume_from=saved)
    result = finish(painter)
    assert torch.equal(result.pixels, whole.pixels)
    assert result.losses == whole.losses
    assert (result.sigmas, result.improvements) == (whole.sigmas, whole.improvements)


def test_a_checkpoint_is_restored_to_the_device_of_the_run(content, style, tmp_path):
    path = tmp_path / "run.checkpoint"
    stop_at(Painter(job(content, style, ema_decay=0.5), checkpoint_path=path), 3)
    # No GPU is needed for "meta", whose tensors mix with those of the CPU as little as a GPU's.
    state, _ = restore(read_checkpoint(path), job(content, style).digests, torch.device("meta"))
    tensors = {"image": state.image, "average": state.ema.sum, "moment": state.optimizer.first}
    assert {name: tensor.device.type for name, tensor in tensors.items()} == dict.fromkeys(tensors, "meta")


def test_checkpoint_refuses_other_pictures_recipes_and_garbage(content, style, tmp_path):
    path = tmp_path / "run.checkpoint"
    stop_at(Painter(job(content, style), checkpoint_path=path), 1)
    saved = read_checkpoint(path)
    with pytest.raises(ResumeError, match="differ"):
        Painter(job(content.flip(3), style), resume_from=saved)
    with pytest.raises(RecipeError, match="strength"):
        same_recipe(saved, saved.recipe.model_copy(update={"strength": 0.9}))
    data = path.read_bytes()
    for name, content_bytes in {"cut": data[:200], "empty": b"", "text": b"hello"}.items():
        broken = tmp_path / name
        broken.write_bytes(content_bytes)
        with pytest.raises(ResumeError):
            read_checkpoint(broken)
    with pytest.raises(ResumeError):
        read_checkpoint(Path("/nowhere/run.checkpoint"))


def test_checkpoint_runs_no_code(tmp_path):
    import pickle

    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return (Path.touch, (marker,))

    path = tmp_path / "evil"
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ResumeError):
        read_checkpoint(path)
    assert not marker.exists()


def test_same_seed_same_picture_other_seed_other(content, style):
    pictures = [finish(Painter(job(content, style, start="noise", seed=s))).pixels for s in (1, 1, 2)]
    assert torch.equal(pictures[0], pictures[1])
    assert not torch.equal(pictures[0], pictures[2])


def poison(monkeypatch, at: int, times: int) -> None:
    """Make the loss NaN from the evaluation number ``at`` on, ``times`` times."""
    calls = 0
    plain = Objective.__call__

    def poisoned(self, image, gains=None):
        nonlocal calls
        calls += 1
        loss, parts = plain(self, image, gains)
        return (loss * torch.nan if at <= calls < at + times else loss), parts

    monkeypatch.setattr(Objective, "__call__", poisoned)


def test_nan_goes_back_to_the_last_good_state_with_half_the_rate(content, style, monkeypatch):
    poison(monkeypatch, 14, 1)
    run = job(content, style, scales=((64, 25),), steps=25, learning_rate=0.02)
    events = list(Painter(run).events())
    told = [event for event in events if isinstance(event, Recovered)]
    assert len(told) == 1
    assert "\n" not in told[0].message
    assert told[0].learning_rate == pytest.approx(0.01)
    result = events[-1].result
    assert len(result.losses) == 25
    assert bool(torch.isfinite(result.pixels).all())


def test_endless_nan_raises_diverged(content, style, monkeypatch):
    poison(monkeypatch, 4, 10_000)
    with pytest.raises(DivergedError, match="diverged"):
        finish(Painter(job(content, style)))


def test_texture_and_reconstruction(content, style):
    texture = finish(
        Painter(open_job(make_recipe(encoder="tiny", size=48, steps=20, start="style"), None, [style]))
    )
    assert texture.losses[-1] < texture.losses[0]
    assert max(texture.pixels.shape[2:]) == 48
    recipe = make_recipe(
        encoder="tiny", size=48, precision="float32", content_layers={"relu1_1": 1.0}, start="noise",
        scales=((48, 150),), learning_rate=0.05,
    )  # fmt: skip
    copy_of = finish(Painter(open_job(recipe, content, [])))
    target = resize(content, tuple(copy_of.pixels.shape[2:]))
    assert copy_of.losses[-1] < copy_of.losses[0] / 20
    assert float((copy_of.pixels - target).square().mean()) < 0.01


def test_strength_trades_content_for_style(content, style):
    sums = []
    for strength in (0.0, 0.5, 1.0):
        plan_job = job(content, style, strength=strength, steps=60, scales=((64, 60),))
        result = finish(Painter(plan_job))
        recipe = plan_job.plan.recipe.model_copy(update={"strength": 0.5, "views": 1})
        objective = only(recipe, plan_job, content, [style])
        _, parts = objective(result.pixels)
        sums.append(sum(v for k, v in parts.items() if k.startswith("content")))
    assert sums[0] < sums[1] < sums[2]
    assert content_factor(0.5) == 1


def test_two_styles_blend_their_statistics_evenly(content, style):
    other = picture(48, 48, 3)
    run = job(content, [style, other], blend="statistics")
    both = {t.names[0]: t for t in only(run.plan.recipe, run, None, run.pictures.full.styles).terms}
    first, second = job(content, style), job(content, other)
    one = {t.names[0]: t for t in only(first.plan.recipe, first, None, first.pictures.full.styles).terms}
    two = {t.names[0]: t for t in only(second.plan.recipe, second, None, second.pictures.full.styles).terms}
    for name, term in one.items():
        mean = (term.targets[0].mean + two[name].targets[0].mean) / 2
        assert torch.allclose(both[name].targets[0].mean, mean, atol=1e-6)


def test_average_is_the_bias_corrected_exponential_mean():
    average = EMA(0.9)
    values = [torch.full((1, 3, 2, 2), v) for v in (0.1, 0.5, 0.9)]
    for value in values:
        average.update(value)
    weights = torch.tensor([0.1 * 0.9**2, 0.1 * 0.9, 0.1])
    expected = float((weights * torch.tensor([0.1, 0.5, 0.9])).sum() / weights.sum())
    assert float(average.value(values[0]).mean()) == pytest.approx(expected, rel=1e-6)
    last = EMA(0.0)
    for value in values:
        last.update(value)
    assert torch.allclose(last.value(values[0]), values[-1])


def test_learning_rate_steps_and_cosine():
    recipe = make_recipe("mixed")  # Keras' ExponentialDecay is smooth unless staircase is set
    rates = [learning_rate(recipe, 0, step, 500) for step in range(100)]
    assert sum(rates) / 100 / 12 == pytest.approx(0.785, abs=1e-3)
    assert learning_rate(recipe, 0, 250, 500) == pytest.approx(0.6**2.5 * 12)
    stairs = make_recipe("mixed", staircase=True)
    assert learning_rate(stairs, 0, 99, 500) == pytest.approx(12)
    assert learning_rate(stairs, 0, 100, 500) == pytest.approx(0.6 * 12)
    assert learning_rate(stairs, 0, 250, 500) == pytest.approx(0.36 * 12)
    falling = make_recipe(learning_rate=0.1, final_learning_rate_factor=0.2)
    assert learning_rate(falling, 0, 0, 11) == pytest.approx(0.1)
    assert learning_rate(falling, 0, 5, 11) == pytest.approx(0.06)
    assert learning_rate(falling, 0, 10, 11) == pytest.approx(0.02)


def test_learning_rate_decays_at_the_steps_of_its_scale():
    recipe = make_recipe("d2l")
    rate = recipe.learning_rate
    assert learning_rate(recipe, 0, 199, 500) == pytest.approx(rate)
    assert learning_rate(recipe, 0, 200, 500) == pytest.approx(rate / 10)
    assert learning_rate(recipe, 1, 99, 300) == pytest.approx(rate)
    assert learning_rate(recipe, 1, 100, 300) == pytest.approx(rate / 10)
    assert learning_rate(recipe, 5, 100, 300) == pytest.approx(rate / 10)  # the last number repeats


def test_starts(content, style):
    generator = torch.Generator().manual_seed(0)
    kept = initial_image(make_recipe(start="content"), (24, 32), content, [style], None, generator)
    assert torch.equal(kept, resize(content, (24, 32)))
    given = initial_image(make_recipe(start_picture="x.png"), (24, 32), content, [style], style, generator)
    assert torch.equal(given, resize(style, (24, 32)))
    statistic = initial_image(make_recipe(start="style"), (128, 128), content, [style], None, generator)
    assert torch.allclose(statistic.mean((2, 3)), style.mean((2, 3)), atol=0.05)
    noise = initial_image(make_recipe(start="noise"), (128, 128), content, [style], None, generator)
    assert float(noise.mean()) == pytest.approx(0.5, abs=0.02)


def test_a_plan_that_does_not_fit_is_refused_with_one_that_does(content, style):
    run = job(content, style)
    sizes = PictureSizes((48, 64), ((56, 40),), has_content=True)

    def plan(size: int, available: int):
        recipe = run.plan.recipe.model_copy(update={"size": size})
        return make_plan(recipe, ScaleEncoders(run.encoder, 1e9), lambda side: sizes, available=available)

    large = plan(8000, 4 << 30)
    assert not large.fits
    small = plan(512, 4 << 30)
    assert small.fits
    with pytest.raises(TooLargeError, match="--size 512 fits"):
        check_memory(large, small)
    check_memory(small, None)
    assert plan(1024, 1 << 40).memory > plan(512, 1 << 40).memory


def test_open_job_refuses_and_proposes_a_size(content, style, monkeypatch):
    import impasto.optimize.run as run

    monkeypatch.setattr(run, "available_memory", lambda device: 600 << 20)
    with pytest.raises(TooLargeError, match="--size"):
        job(content, style, size=4096, steps=2)


def test_unknown_layers_and_nothing_to_do(content, style):
    with pytest.raises(RecipeError, match="relu9_9"):
        job(content, style, style_layers={"relu9_9": 1.0})
    with pytest.raises(RecipeError, match="picture"):
        open_job(make_recipe(encoder="tiny", start="content"), None, [])


def test_thin_pictures_come_out_at_their_size(style):
    thin = picture(200, 17, 5)
    result = finish(Painter(job(thin, style, size=200, steps=3)))
    assert result.pixels.shape[2:] == (200, 17)


def test_job_is_not_changed_by_a_run(content, style):
    run = job(content, style)
    before = copy.deepcopy(run.pictures.full.content), copy.deepcopy(run.pictures.full.styles)
    finish(Painter(run))
    assert torch.equal(before[0], run.pictures.full.content)
    assert torch.equal(before[1][0], run.pictures.full.styles[0])


def test_views_are_different_and_take_turns():
    views = make_views(16, 100)
    assert len(set(views)) == 16
    assert views[0] == View()
    assert {(v.mirrored, v.transposed) for v in views} == {
        (a, b) for a in (False, True) for b in (False, True)
    }
    seen = [view_of_step(16, 3, step) for step in range(64)]
    for start in range(0, 64, 16):
        assert sorted(seen[start : start + 16]) == list(range(16))
    assert seen[:16] != seen[16:32]
    assert all(v.top <= 2 and v.left <= 2 for v in make_views(16, 2))


def test_a_view_of_the_picture_has_the_same_distance_from_targets_seen_that_way(content, style):
    run = job(content, style, views=4, content_layers={"relu3_1": 1.0}, scales=((64, 4),))
    views = make_views(4, 8)
    scale = run.plan.scales[-1]
    objectives = objectives_of(run.plan.recipe, run, content, [style], views)
    picture_at = resize(content, (scale.height, scale.width))
    for view in views:
        _, parts = objectives[view](picture_at)
        assert parts["content/relu3_1"] == pytest.approx(0, abs=1e-6)
    own = job(content, style, scales=((64, 4),))
    for view in views:
        seen = objectives_of(own.plan.recipe, own, None, [resize(style, scale.styles[0])], [view])
        _, parts = seen[view](resize(style, scale.styles[0]))
        if (view.top, view.left) == (0, 0):
            assert all(value == pytest.approx(0, abs=1e-6) for value in parts.values())


@pytest.mark.parametrize("shape", [(16, 16), (17, 90), (120, 16), (33, 47)])
def test_the_default_recipe_paints_any_shape_without_trouble(shape, style):
    small = picture(*shape, 7)
    run = open_job(make_recipe(size=max(shape), quality="draft", start="content"), small, [style])
    events = list(Painter(run).events())
    assert not any(isinstance(event, Recovered) for event in events)
    assert events[-1].result.pixels.shape[2:] == shape
    assert bool(torch.isfinite(events[-1].result.pixels).all())


def test_a_flat_photograph_and_a_flat_style_are_painted(content, style):
    grey = torch.full((1, 3, 48, 48), 0.5)
    for photo, art in ((grey, style), (content, grey), (grey, grey)):
        run = open_job(make_recipe(size=64, steps=6, start="content"), photo, [art])
        events = list(Painter(run).events())
        assert bool(torch.isfinite(events[-1].result.pixels).all())
