"""Several styles: weights, gains, blended statistics, layers and scales of their own, and their balance."""

from __future__ import annotations

import math

import pytest
import torch

from impasto.errors import RecipeError
from impasto.imaging import resize
from impasto.optimize import Balancing, Finished, Painter, Recovered, Stepped, make_recipe
from impasto.optimize.balance import (
    MAX_SIGMA,
    TOTAL_EXPONENT,
    improvements,
    next_sigmas,
    square_root_sigmas,
)
from impasto.optimize.checkpoint import read_checkpoint
from impasto.optimize.mixing import acts, mix_of, style_gains, style_losses, style_name, styles_of_scale
from impasto.optimize.objective import Objective
from impasto.optimize.state import next_scale

from .conftest import finish, job, objectives, picture, style_sum, style_terms

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
ONE_SCALE = {"scales": ((64, 10),), "steps": 10, "style_layers": dict.fromkeys(LAYERS, 1.0)}


@pytest.fixture
def styles(style) -> list[torch.Tensor]:
    return [style, picture(48, 48, 3), picture(40, 60, 4)]


def grain(contrast: float = 1.0) -> torch.Tensor:
    noise = torch.rand(1, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    return 0.5 + contrast * (noise - 0.5)


def test_weights_of_styles():
    assert mix_of(make_recipe(), 0) == ()
    assert mix_of(make_recipe(), 1) == (1.0,)
    assert mix_of(make_recipe(), 4) == (0.25,) * 4
    assert mix_of(make_recipe(mix=0.25), 2) == (0.25, 0.75)
    assert mix_of(make_recipe(mix=(0.25, 0.75)), 2) == (0.25, 0.75)
    assert mix_of(make_recipe(mix=(0.333, 0.333, 0.333)), 3) == pytest.approx((1 / 3,) * 3)
    for weights, count in ((0.5, 1), ((1.0,), 1), (0.5, 3), ((0.5, 0.5), 3), ((0.5, 0.25, 0.25), 2)):
        with pytest.raises(RecipeError, match="mix"):
            mix_of(make_recipe(mix=weights), count)


def test_bad_mixing_is_refused():
    for fields in (
        {"mix": (0.5, 0.6)}, {"mix": 1.5}, {"mix": ()}, {"mix": (0.5, -0.5, 1.0)}, {"sigmas": (1.0, 0.0)},
        {"mix": 0.5, "share": "layers"}, {"sigmas": (1.0, 2.0), "blend": "statistics"},
    ):  # fmt: skip
        with pytest.raises(RecipeError) as caught:
            make_recipe(**fields)
        assert "\n" not in str(caught.value)


def test_what_does_not_fit_the_number_of_styles_is_refused(content, styles):
    for fields, count in (
        ({"sigmas": (1.0,)}, 2),
        ({"mix": (0.5, 0.5)}, 3),
        ({"share": "scales"}, 3),
        ({"share": "layers", "style_layers": {"relu1_1": 1.0, "relu2_1": 0.0, "relu3_1": 1.0}}, 3),
        ({"blend": "statistics", "style_loss": "sliced"}, 2),
        ({"blend": "statistics", "style_loss": "mrf"}, 2),
    ):
        with pytest.raises(RecipeError):
            job(content, styles[:count], **fields)


def test_styles_share_scales_from_coarse_to_fine():
    recipe = make_recipe(share="scales")
    table = [
        [styles_of_scale(recipe, n, k, scales) for k in range(scales)]
        for n, scales in ((2, 2), (2, 3), (3, 4))
    ]
    first, second = (1.0, 0.0), (0.0, 1.0)
    assert table[0] == [first, second]
    assert table[1] == [first, first, second]
    assert table[2] == [(1.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]
    assert styles_of_scale(recipe, 1, 1, 3) == (1.0,)
    assert styles_of_scale(make_recipe(share="layers"), 2, 0, 1) == (1.0, 1.0)
    assert styles_of_scale(make_recipe(mix=0.3), 2, 1, 3) == pytest.approx((0.3, 0.7))


def test_styles_share_layers_from_deep_to_shallow():
    recipe = make_recipe(share="layers")
    table = {
        n: [[acts(recipe, n, i, x, LAYERS) for x in LAYERS].index(True) for i in range(n)] for n in (2, 3, 4)
    }
    assert table == {2: [2, 0], 3: [2, 1, 0], 4: [3, 2, 1, 0]}  # the shallowest layer of each
    for n in (2, 3, 4):
        assert all(sum(acts(recipe, n, i, layer, LAYERS) for i in range(n)) == 1 for layer in LAYERS)
    assert acts(recipe, 1, 0, "relu1_1", LAYERS)
    assert all(acts(make_recipe(), 3, i, "relu1_1", LAYERS) for i in range(3))


def test_names_gains_and_sums():
    assert [style_name(0, 1), style_name(0, 2), style_name(1, 2)] == ["style", "style1", "style2"]
    assert style_gains((0.25, 0.75), (1.0, 2.0)) == {"style1": 0.25, "style2": 1.5}
    terms = {"content/a": 9.0, "style1/a": 1.0, "style1/b": 2.0, "style2/a": 4.0, "style10/a": 5.0}
    assert style_losses(terms, 2) == (3.0, 4.0)
    assert style_losses({"style/a": 1.0, "style/b": 2.0, "variation": 3.0}, 1) == (3.0,)


@pytest.mark.parametrize("loss", ["moments", "gram", "wasserstein"])
@pytest.mark.parametrize("count", [2, 3])
def test_the_objective_is_the_weighted_sum_of_those_of_single_styles(loss, count, content, styles):
    mix, sigmas = ((0.2, 0.5, 0.3), (1.0, 3.0, 0.5)) if count == 3 else ((0.2, 0.8), (1.0, 3.0))
    run = job(content, styles[:count], mix=mix, sigmas=sigmas, style_loss=loss, **ONE_SCALE)
    image = picture(48, 64, 5)
    (both,) = objectives(run).values()
    gains = Painter(run)._term_gains(mix)
    total, parts = both(image, gains)
    singles = []
    for art in styles[:count]:
        (one,) = objectives(job(content, art, style_loss=loss, **ONE_SCALE)).values()
        singles.append(one(image)[1])
    expected = sum(g * s * style_sum(p) for g, s, p in zip(mix, sigmas, singles, strict=True))
    assert style_sum(parts) == pytest.approx(expected, rel=1e-5)
    assert float(total) == pytest.approx(expected + style_sum(singles[0], "content"), rel=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 1.0])
@pytest.mark.parametrize("blend", ["losses", "statistics"])
def test_the_ends_of_the_fader_are_the_single_styles(gamma, blend, content, styles):
    settings = {"views": 2, "hold": True, "steps": 16}
    mixed = finish(Painter(job(content, styles[:2], mix=gamma, blend=blend, balance=False, **settings)))
    single = finish(Painter(job(content, styles[0 if gamma else 1], **settings)))
    torch.testing.assert_close(mixed.pixels, single.pixels, rtol=0, atol=1e-4)
    other = finish(Painter(job(content, styles[1 if gamma else 0], **settings)))
    assert not torch.allclose(mixed.pixels, other.pixels, atol=0.02)


def test_a_corner_of_the_simplex_is_the_single_style(content, styles):
    mixed = finish(Painter(job(content, styles, mix=(0.0, 1.0, 0.0), balance=False, **ONE_SCALE)))
    single = finish(Painter(job(content, styles[1], **ONE_SCALE)))
    torch.testing.assert_close(mixed.pixels, single.pixels, rtol=0, atol=1e-4)


def test_blended_statistics_are_those_of_the_mixture(content):
    arts = [picture(64, 64, 2), picture(64, 64, 3)]
    run = job(content, arts, blend="statistics", mix=0.25, **ONE_SCALE)
    features = [run.encoder(art, list(LAYERS)) for art in arts]
    for layer, term in style_terms(run).items():
        # Three positions of the second picture for each one of the first.
        pool = torch.cat([features[0][layer].flatten(2), *[features[1][layer].flatten(2)] * 3], dim=2)[
            0
        ].double()
        (target,) = term.targets
        torch.testing.assert_close(target.mean[0].double(), pool.mean(1), rtol=1e-4, atol=1e-6)
        second = pool @ pool.T / pool.shape[1]
        torch.testing.assert_close(target.second[0].double(), second, rtol=1e-4, atol=1e-6)
        assert term.weights == (run.plan.recipe.style_weight * run.plan.recipe.style_layers[layer],)


@pytest.mark.parametrize("blend", ["losses", "statistics"])
@pytest.mark.parametrize("order", [LAYERS, LAYERS[::-1], ("relu3_1", "relu1_1", "relu4_1", "relu2_1")])
def test_shared_layers_compare_each_style_at_its_own(blend, order, content, styles):
    weights = {layer: 1.0 + index for index, layer in enumerate(LAYERS)}
    settings = {
        "style_layers": {layer: weights[layer] for layer in order},
        "blend": blend,
        "scales": ((64, 10),),
    }
    run = job(content, styles[:2], share="layers", **settings)
    (objective,) = objectives(run).values()
    image = picture(48, 64, 5)
    _, parts = objective(image, Painter(run)._term_gains((1.0, 1.0)))
    singles = [whole_terms(job(content, art, **settings), image) for art in styles[:2]]
    expected = {f"style1/{layer}": singles[0][f"style/{layer}"] for layer in ("relu3_1", "relu4_1")}
    expected |= {f"style2/{layer}": singles[1][f"style/{layer}"] for layer in ("relu1_1", "relu2_1")}
    found = {name: value for name, value in parts.items() if name.startswith("style")}
    assert found == pytest.approx(expected, rel=1e-5)


def whole_terms(run, image) -> dict[str, float]:
    (objective,) = objectives(run).values()
    return objective(image)[1]


def test_the_published_factors_are_square_roots_of_ratios() -> None:
    assert square_root_sigmas((8.0, 2.0)) == pytest.approx((1, 2))
    assert square_root_sigmas((1.0, 9.0, 1.0)) == pytest.approx((1, 1 / 3, 1))
    assert square_root_sigmas((1e-30, 1e30)) == (1.0, 1 / MAX_SIGMA)


def test_shared_scales_compare_one_style_each(content, styles):
    run = job(content, styles[:2], share="scales")
    names = []
    for scale in range(2):
        (objective,) = objectives(run, scale=scale).values()
        names.append({name.partition("/")[0] for name in objective.names} - {"content"})
    assert names == [{"style1"}, {"style2"}]
    painter = Painter(run)
    seen = [(e.scale, set(e.terms)) for e in painter.events() if isinstance(e, Stepped)]
    assert all((f"style{scale + 1}/relu1_1" in terms) for scale, terms in seen)
    # The coarse scale is painted as the first style alone paints it.
    half = {"scales": ((32, 6),), "size": 32, "steps": 6, "views": 1}
    first = job(content, styles[0], **half)
    two = Painter(job(content, styles[:2], share="scales", scales=((32, 6), (64, 6)), steps=12, views=1))
    stream = two.events()
    for event in stream:
        if isinstance(event, Stepped) and event.total == 6:
            break
    alone = finish(Painter(first))
    torch.testing.assert_close(two.state.picture(), alone.pixels, rtol=0, atol=0.02)
    stream.close()


@pytest.mark.parametrize("steps", [240, 48, 16])
def test_the_factors_follow_the_square_root_rule(steps):
    power = 0.5 * min(0.5, TOTAL_EXPONENT / steps)
    found = next_sigmas((1.0, 2.0, 0.5), (8.0, 2.0, 8.0), steps - 1, steps)
    assert found == pytest.approx((1.0, 2.0 * 4.0**power, 0.5))
    far = next_sigmas((1.0, 2.0, 2.0, 2.0), (1.0, 0.02, 1e9, 1e-9), steps - 1, steps)
    assert far == pytest.approx((1.0, 2.0 * math.exp(2 * power), 2.0 * math.exp(-2 * power), 2.0))
    assert next_sigmas((1.0, 2.0), (1e-9, 2.0), steps - 1, steps) == (1.0, 2.0)
    assert next_sigmas((1.0, 2.0), (8.0, 2.0), min(12, steps // 4), steps) == (1.0, 2.0)
    assert next_sigmas((1.0, MAX_SIGMA), (8.0, 1.0), steps - 1, steps)[1] == MAX_SIGMA
    assert next_sigmas((1.0, 1 / MAX_SIGMA), (1.0, 9.0), steps - 1, steps)[1] == pytest.approx(1 / MAX_SIGMA)


@pytest.mark.parametrize("settings", [{}, {"mix": 0.3}], ids=["even", "calibrated"])
@pytest.mark.parametrize("first", [True, False])
def test_a_style_that_the_picture_is_in_already_is_not_balanced(settings, first, content, style):
    arts = [content, style] if first else [style, content]
    painter = Painter(job(content, arts, scales=((64, 40),), steps=40, **settings))
    assert not any(isinstance(event, Recovered) for event in painter.events())
    assert painter.state.sigmas == (1.0, 1.0)


def test_improvements_are_ratios_and_stay_finite():
    assert improvements((8.0, 3.0), (2.0, 6.0)) == (4.0, 0.5)
    assert improvements((0.0, 1.0), (0.0, 0.0)) == (1.0, 1e12)


SEVEN = {"mix": 0.7}
UNEQUAL = {"scales": ((64, 60),), "steps": 60, "views": 1, "strength": 1.0}


def spread(found) -> float:
    return max(found) / min(found)


@pytest.mark.parametrize("pair", ["contrast", "kind"])
def test_balance_makes_unequal_styles_improve_alike(pair, content, style):
    arts = [grain(), grain(0.3)] if pair == "contrast" else [style, grain()]
    free = finish(Painter(job(content, arts, balance=False, **UNEQUAL)))
    even = finish(Painter(job(content, arts, **UNEQUAL)))
    assert free.sigmas == (1.0, 1.0)
    assert even.sigmas[0] == 1.0
    assert even.sigmas[1] != pytest.approx(1.0, rel=0.05)
    assert spread(free.improvements) > 1.3
    assert spread(even.improvements) < 1 + 0.5 * (spread(free.improvements) - 1)
    # The one that improved less has become heavier.
    assert (even.sigmas[1] > 1) == (free.improvements[1] < free.improvements[0])


def test_a_calibration_run_balances_what_is_mixed_unevenly_or_by_a_line_search(content):
    arts, results = [grain(), grain(0.3)], []
    for settings in ({"mix": 0.7, **UNEQUAL}, {"optimizer": "lbfgs", "scales": ((64, 12),), "steps": 12}):
        events = list(Painter(job(content, arts, **settings)).events())
        told = [event for event in events if isinstance(event, Balancing)]
        assert [event.step for event in told] == list(range(1, told[0].steps + 1))
        result = next(event.result for event in events if isinstance(event, Finished))
        assert result.sigmas == told[-1].sigmas
        results.append(result)
    alone = finish(Painter(job(content, arts, **UNEQUAL)))
    assert results[0].sigmas == alone.sigmas != (1.0, 1.0)


@pytest.mark.parametrize("settings", [{}, SEVEN], ids=["even", "calibrated"])
def test_identical_styles_have_the_factor_one(settings, content, style):
    result = finish(Painter(job(content, [style, style], **settings)))
    assert result.sigmas == (1.0, 1.0)
    assert result.improvements[0] == result.improvements[1] > 1
    single = finish(Painter(job(content, style)))
    torch.testing.assert_close(result.pixels, single.pixels, rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    "settings", [{}, {"ema_decay": 0.9}, {"start": "noise"}, {"share": "layers"}], ids=str
)
def test_improvements_of_a_result_are_its_losses_at_the_start_over_those_at_the_end(
    settings, content, styles
):
    run = job(content, styles[:2], balance=False, style_layers=dict.fromkeys(LAYERS, 1.0), **settings)
    painter = Painter(run)
    result = finish(painter)
    size = (48, 64)
    start = resize(content, size)
    if settings.get("start") == "noise":
        start = (0.5 + 0.25 * torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(0))).clamp(
            0, 1
        )
    scale = run.plan.scales[-1]
    deep, shallow = ({"relu3_1", "relu4_1"}, {"relu1_1", "relu2_1"})
    for index, layers in enumerate((deep, shallow) if settings.get("share") else (set(LAYERS), set(LAYERS))):
        art = resize(styles[index], scale.styles[index])
        seen = [run.encoder(image, list(LAYERS)) for image in (start, result.pixels, art)]
        losses = [
            sum(
                float(run.plan.recipe.style_layers[x] * loss.distance(features[x], loss.measure(seen[2][x])))
                for x in layers
            )
            for features in seen[:2]
            for loss in [style_terms(run)["relu1_1"].loss]
        ]
        assert result.improvements[index] == pytest.approx(losses[0] / losses[1], rel=1e-4)
    assert result.provenance["improvements"] == list(result.improvements)
    assert result.provenance["sigmas"] == [1.0, 1.0]


def test_single_styles_and_mixed_statistics_report_no_improvements(content, styles):
    for arts, settings in (
        (styles[:1], {}),
        (styles[:2], {"blend": "statistics"}),
        (styles[:2], {"share": "scales"}),
    ):
        result = finish(Painter(job(content, arts, **settings)))
        assert result.improvements == result.sigmas == ()
        assert "improvements" not in result.provenance


@pytest.mark.parametrize(
    "settings",
    [
        {"sigmas": (1.0, 3.0), **SEVEN}, {"balance": False, **SEVEN}, {"blend": "statistics", **SEVEN},
        {"share": "layers"}, {"share": "scales"}, {},
    ],
    ids=str,
)  # fmt: skip
def test_there_is_no_calibration_run_where_it_is_not_needed(settings, content, styles):
    painter = Painter(job(content, styles[:2], **settings))
    assert not any(isinstance(event, Balancing) for event in painter.events())
    if settings:
        assert painter.state.sigmas == settings.get("sigmas", (1.0, 1.0))
    else:
        assert painter.state.sigmas != (1.0, 1.0)


def test_the_factors_are_in_the_checkpoint_and_in_what_a_recovery_goes_back_to(
    content, styles, monkeypatch, tmp_path
):
    run = {"scales": ((64, 25),), "steps": 25}
    path, after = tmp_path / "run.checkpoint", {}
    painter = Painter(job(content, styles[:2], **run), checkpoint_path=path, checkpoint_seconds=1e9)
    stream = painter.events()
    for event in stream:
        if isinstance(event, Stepped):
            after[event.total] = painter.state.sigmas
            if event.total == 15:
                break
    stream.close()
    assert after[10] != after[9]
    assert (
        Painter(job(content, styles[:2], **run), resume_from=read_checkpoint(path)).state.sigmas == after[15]
    )
    plain, calls = Objective.__call__, []

    def poisoned(self, image, gains=None):
        loss, parts = plain(self, image, gains)
        calls.append(bool(gains))
        return (loss * torch.nan if sum(calls) == 17 else loss), parts

    monkeypatch.setattr(Objective, "__call__", poisoned)
    painter = Painter(job(content, styles[:2], **run))
    found = [painter.state.sigmas for event in painter.events() if isinstance(event, Recovered)]
    assert found == [after[10]]


def test_a_run_interrupted_while_balancing_goes_on_as_if_it_had_not_been(content, styles, tmp_path):
    path = tmp_path / "run.checkpoint"
    whole = finish(Painter(job(content, styles[:2], **SEVEN)))
    saved = None
    for stop in (1, 5, 12):
        painter = Painter(job(content, styles[:2], **SEVEN), checkpoint_path=path, resume_from=saved)
        stream = painter.events()
        assert any(isinstance(event, Balancing) and event.step == stop for event in stream)
        stream.close()
        saved = read_checkpoint(path)
        assert saved.state["steps_done"] == 0
    result = finish(Painter(job(content, styles[:2], **SEVEN), resume_from=saved))
    assert torch.equal(result.pixels, whole.pixels)
    assert (result.sigmas, result.losses) == (whole.sigmas, whole.losses)


def test_factors_carry_over_to_the_next_scale(content, styles):
    painter = Painter(job(content, styles[:2]))
    painter.state.sigmas = (1.0, 2.5)
    next_scale(painter.state, painter.recipe, (48, 64))
    assert painter.state.sigmas == (1.0, 2.5)
