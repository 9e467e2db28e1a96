"""Another encoder at scales above the base size."""

from __future__ import annotations

import pytest
import torch

from impasto.errors import RecipeError
from impasto.optimize import Painter
from impasto.optimize.context import RunContext
from impasto.optimize.plan import OVERHEAD, PASSES

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


def test_a_run_of_both_paints(content, style):
    result = finish(Painter(job(content, style, fine_encoder="compact", **SCALES)))
    assert result.pixels.isfinite().all()
    assert result.provenance["recipe"]["fine_encoder"] == "compact"


def test_it_is_not_opened_where_nothing_is_above_the_base(content, style):
    assert job(content, style, fine_encoder="vgg19", base=64, size=64).encoders.fine is None
    with pytest.raises(RecipeError, match="none-such"):
        job(content, style, fine_encoder="none-such", **SCALES)
