"""Estimates of seconds: they are learned from finished jobs, are the same for all, and survive the server."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from statistics import median
from types import SimpleNamespace

import pytest

from impasto.optimize.presets import make_recipe
from impasto.studio.estimates import (
    AGEING,
    Estimates,
    JobClock,
    OnePassEstimates,
    Workload,
    _least_squares,
    work_of,
)
from impasto.studio.jobs import StudioJob


def work(side: int, steps: int, kind: str = "cpu compact bfloat16 adam") -> Workload:
    pixels = side * side * 3 / 4
    return Workload(kind, 0.0, pixels * steps, 3 * pixels, idle_seconds=4e-7 * pixels * steps)


def true_seconds(work: Workload) -> float:
    """A machine whose factors are far from the typical ones."""
    return 2.5 + 25 * work.idle_seconds + 9e-9 * work.pixel_steps + 4e-6 * work.pixels


@pytest.fixture
def estimates(tmp_path) -> Estimates:
    return Estimates(tmp_path / "timings.json")


def test_the_picture_that_a_job_starts_from_is_counted_by_its_pixels_alone() -> None:
    recipe = make_recipe(size=512)
    plan = SimpleNamespace(
        recipe=recipe, height=384, width=512, scales=(), device="cpu", precision="float32",
        seconds=9.0, start_seconds=2.0,
    )  # fmt: skip
    assert work_of(plan).idle_seconds == 7
    assert work_of(plan).pixels == 3 * 384 * 512


def test_exact_costs_are_found(estimates) -> None:
    for side, steps in (
        (256, 8),
        (512, 24),
        (1024, 8),
        (384, 96),
        (768, 24),
        (512, 150),
        (128, 400),
        (2048, 4),
    ):
        estimates.learn(work(side, steps), true_seconds(work(side, steps)))
    for side, steps in ((320, 24), (640, 60), (1500, 24), (200, 100)):
        assert estimates.seconds(work(side, steps)) == pytest.approx(true_seconds(work(side, steps)), rel=0.1)


def test_nine_of_ten_orders_are_within_a_quarter_on_a_noisy_machine(estimates) -> None:
    rng = random.Random(3)

    def order() -> tuple[Workload, float]:
        job = work(rng.choice((256, 384, 512, 768, 1024, 1536)), rng.choice((8, 24, 60, 150)))
        return job, true_seconds(job) * rng.uniform(0.9, 1.1)

    for _ in range(8):
        estimates.learn(*order())
    errors = []
    for _ in range(40):
        job, seconds = order()
        errors.append(abs(estimates.seconds(job) / seconds - 1))
        estimates.learn(job, seconds)
    assert sorted(errors)[35] < 0.25


def test_one_job_scales_the_typical_costs(estimates) -> None:
    one, other = work(512, 24), work(1024, 60, kind="cpu vgg19 float32 lbfgs")
    before = estimates.seconds(one), estimates.seconds(other)
    estimates.learn(one, 3 * before[0])
    assert estimates.seconds(one) == pytest.approx(3 * before[0])
    assert estimates.seconds(other) == pytest.approx(3 * before[1])


def test_newer_jobs_count_more(estimates) -> None:
    """After a change of the machine's speed the estimates follow within some jobs."""
    job = work(512, 24)
    for seconds in [10.0] * 30 + [20.0] * 30:
        estimates.learn(job, seconds)
    assert estimates.seconds(job) == pytest.approx(20, rel=0.1)
    assert 0 < AGEING < 1


def test_a_busy_machine_makes_the_next_jobs_longer_too(estimates) -> None:
    """Of every kind, at once, and only while it is busy."""
    usual, other = work(512, 24), work(256, 100, kind="cpu vgg19 float32 adam")
    for _ in range(12):
        estimates.learn(usual, 10.0)
        estimates.learn(other, 30.0)
    for _ in range(2):
        estimates.learn(usual, 20.0)
    assert estimates.seconds(other) == pytest.approx(60, rel=0.25)
    for _ in range(3):
        estimates.learn(usual, 10.0)
    assert estimates.seconds(other) == pytest.approx(30, rel=0.25)


def test_one_pass_takes_as_long_as_the_last_pictures() -> None:
    one_pass = OnePassEstimates(lambda: 2e-6)
    assert one_pass.seconds(1e6) == pytest.approx(2)
    one_pass.learn(1e6, 9.0)  # the first of a style takes longer
    assert one_pass.seconds(1e6) == pytest.approx(2)
    for _ in range(2):
        one_pass.learn(1e6, 1.0)
    assert one_pass.seconds(2e6) == pytest.approx(2)
    for _ in range(7):
        one_pass.learn(5e5, 2.0)
    assert one_pass.seconds(1e6) == pytest.approx(4)


def test_costs_never_become_negative() -> None:
    shares = _least_squares([[0.9, 0.1, 0.0, 0.0], [0.1, 0.9, 0.0, 0.0]], [1.0, 1.0])
    assert shares[:2] == pytest.approx([1, 1], abs=1e-6)
    assert min(_least_squares([[1.0, 3.0, 0.1, 0.2]], [100.0])) > 0


def test_estimates_survive_the_server_and_a_damaged_file(estimates, tmp_path) -> None:
    estimates.measured(3e10)
    estimates.learn(work(512, 24), 7.0)
    again = Estimates(tmp_path / "timings.json")
    assert again.seconds(work(700, 50)) == estimates.seconds(work(700, 50))
    assert again.speed == 3e10
    for damaged in ("", "[]", "{}", json.dumps({"speed": 1.0, "records": [[{"kind": 1}, 2]]})):
        (tmp_path / "timings.json").write_text(damaged)
        assert Estimates(tmp_path / "timings.json").seconds(work(512, 24)) > 0


def test_the_time_left_goes_from_the_estimate_to_the_measured_one(estimates) -> None:
    job = StudioJob("a" * 32, {}, {}, None, [], 0.0, 0.0, steps=100)
    clock, total = JobClock(estimates), estimates.seconds(work(512, 100))
    assert clock.left(job, 7.0) == 7.0
    clock.planned(job, work(512, 100).__dict__, elapsed=1.0)
    assert job.seconds_left == pytest.approx(total - 1)
    lefts = [clock.left(replace(job, step=step), 1000.0) for step in (0, 5, 15, 25, 80)]
    assert lefts[0] == pytest.approx(total - 1)
    assert lefts == sorted(lefts)
    assert lefts[3:] == [1000.0, 1000.0]
    clock.painted(job, 2 * total)
    assert estimates.seconds(work(512, 100)) == pytest.approx(2 * total)
    clock.painted(job, 5 * total)  # a job counts once
    assert estimates.seconds(work(512, 100)) == pytest.approx(2 * total)


def test_the_plan_and_the_job_speak_with_one_voice(api, photo, art, done) -> None:
    """Every client gets the same seconds, and finished jobs change them."""
    request = {"content": photo, "styles": [art], "recipe": {"encoder": "tiny", "size": 64, "steps": 9}}
    plans = [api.post("/api/plan", json=request).json() for _ in range(3)]
    assert len({plan["seconds"] for plan in plans}) == 1
    estimates = api.app.state.studio.clock._estimates
    (record,) = [seconds for known, seconds in estimates._records if "tiny" in known.kind][:1]
    assert 0 < record < 60
    assert median(plan["seconds"] for plan in plans) > 0


def test_an_order_that_cannot_fit_is_refused_with_the_largest_size(api, photo, art) -> None:
    request = {"content": photo, "styles": [art], "recipe": {"size": 30000, "style_loss": "sliced"}}
    plan = api.post("/api/plan", json=request).json()
    assert not plan["fits"]
    assert plan["largest_size"] % 16 == 0
    answer = api.post("/api/jobs", json=request)
    assert answer.status_code == 422
    error = answer.json()
    assert error["largest_size"] == pytest.approx(plan["largest_size"], rel=0.2)  # the free memory changes
    assert f"at most {error['largest_size']}" in error["error"]
    request["recipe"]["size"] = int(0.8 * error["largest_size"])
    smaller = api.post("/api/plan", json=request).json()
    assert (smaller["fits"], smaller["largest_size"]) == (True, None)
