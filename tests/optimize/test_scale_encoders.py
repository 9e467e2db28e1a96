"""Another encoder at scales above the base size."""

from __future__ import annotations

import pytest
import torch

from impasto.errors import RecipeError
from impasto.optimize import Painter, make_recipe, plan_only
from impasto.optimize.context import RunContext
from impasto.optimize.plan import OVERHEAD, PASSES, START_MACS, START_SECONDS, START_STYLE_MACS

from .conftest import finish, job, objectives

SCALES = {"base": 32, "size": 64, "fine_steps": (2,), "scale_steps": (2,), "steps": None}


def test_only_scales_above_the_base_compare_through_the_fine_encoder(content, style):
    run = job(content, style, fine_encoder="compact", **SCALES)
    context = RunContext(run, torch.device("cpu"))
    assert [max(scale.height, scale.width) for scale in run.plan.scales] == [32, 64]
    used = [context.scale_inputs(scale, (1.0,), torch.Generator()).encoder.name for scale in run.plan.scales]
    assert used == ["tiny", "compact"]


def test_the_fine_scale_is_that_of_a_run_through_its_encoder(content, style):
    mixed = job(content, style, fine_encoder="compact", **SCALES)
    alone = job(content, style, encoder="compact", **SCALES)
    image = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(3))
    (ours,), (theirs,) = (objectives(run).values() for run in (mixed, alone))
    assert torch.equal(ours(image)[0], theirs(image)[0])
    tiny = job(content, style, **SCALES)
    (coarse,), (theirs,) = (objectives(run, scale=0).values() for run in (mixed, tiny))
    small = image[..., :24, :32].contiguous()
    assert torch.equal(coarse(small)[0], theirs(small)[0])


def test_the_plan_counts_every_scale_through_its_encoder(content, style):
    plan = job(content, style, fine_encoder="compact", **SCALES).plan
    apart = [
        job(content, style, **{**SCALES, "encoder": name}).plan.scales[number]
        for number, name in enumerate(("tiny", "compact"))
    ]
    assert [scale.macs_per_pass for scale in plan.scales] == [scale.macs_per_pass for scale in apart]
    assert plan.total_macs == sum(int(scale.macs_per_pass * scale.steps * PASSES) for scale in apart)
    assert plan.seconds > OVERHEAD * plan.total_macs / 1e10


@pytest.mark.parametrize(
    ("changes", "passes", "pixels"),
    [({}, 1, 48 * 64), ({"size": 128, "base": 64}, 1, 48 * 64), ({"strength": 1.5, "stroke": 2}, 2, 48 * 64)],
)
def test_the_plan_counts_the_picture_in_one_pass_that_it_starts_from(content, style, changes, passes, pixels):
    settings = {"preset": "impasto", "encoder": "tiny", "size": 64, "smallest": 64, "steps": 4, **changes}
    (other, fast) = (
        plan_only(make_recipe(**{**settings, "start": start}), content, [style])
        for start in ("content", "fast")
    )
    side = 512 * fast.recipe.stroke
    macs = START_MACS * passes * pixels + START_STYLE_MACS * side * round(side * 40 / 56)
    assert fast.start_seconds == pytest.approx(START_SECONDS + macs / 1e10)
    assert other.start_seconds == 0
    assert fast.seconds - other.seconds == pytest.approx(fast.start_seconds)


def test_the_plan_counts_the_calibration_run_that_balances_uneven_styles(content, style):
    even, uneven = (job(content, [style, style.flip(1)], mix=mix) for mix in (None, (0.3,)))
    calibration = RunContext(uneven, torch.device("cpu")).calibration_job().plan
    assert calibration.steps == 12
    assert uneven.plan.seconds - even.plan.seconds == pytest.approx(calibration.seconds)
    assert calibration.seconds > 0.5 * even.plan.seconds


def test_a_run_of_both_paints(content, style):
    result = finish(Painter(job(content, style, fine_encoder="compact", **SCALES)))
    assert result.pixels.isfinite().all()
    assert result.provenance["recipe"]["fine_encoder"] == "compact"


def test_it_is_not_opened_where_nothing_is_above_the_base(content, style):
    assert job(content, style, fine_encoder="vgg19", base=64, size=64).encoders.fine is None
    with pytest.raises(RecipeError, match="none-such"):
        job(content, style, fine_encoder="none-such", **SCALES)
