"""The stream of a training: order within a step, logs across a stop, when preparation and averages happen."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import nn

from impasto.errors import DivergedError, ResumeError
from impasto.settings import FrozenSettings
from impasto.training.checkpoint import read_checkpoint, resume, write_checkpoint
from impasto.training.device import ComputeDevice
from impasto.training.events import Evaluated, Logged, StepDone
from impasto.training.optimizer_set import OptimizerSet
from impasto.training.task import LossOutput, TrainingTask
from impasto.training.trainer import Trainer
from impasto.training.weights import WeightEMA

pytestmark = pytest.mark.usefixtures("one_thread")
RATE = 0.1


class FallSettings(FrozenSettings):
    """Settings of the test's task."""

    steps: int = 10
    averaged: bool = False


class FallTask(TrainingTask):
    """w falls from 1 along w^2 / 2 by plain gradient descent: after k steps it is (1 - RATE)^k."""

    kind = "fall"

    def __init__(self, settings: FallSettings, bad: dict[int, float] | None = None) -> None:
        super().__init__(settings, ComputeDevice(torch.device("cpu"), "float32"))
        self.net = nn.ParameterDict({"w": nn.Parameter(torch.ones(1))})
        self.modules = {"net": self.net}
        self.optimizers = OptimizerSet(
            {"sgd": torch.optim.SGD(self.net.parameters(), lr=RATE)}, clipped=self.net.parameters()
        )
        self.ema = WeightEMA(self.live_weights(), 0.5) if settings.averaged else None
        self.bad = bad or {}
        self.calls: list[str] = []

    @property
    def steps(self) -> int:
        return self.settings.steps

    def prepare(self) -> None:
        self.calls.append("prepare")

    def loss(self, step: int) -> LossOutput:
        self.calls.append(f"loss {step}")
        loss = self.net["w"].square().sum() / 2 * self.bad.get(step, 1.0)
        return LossOutput(loss, {"step": float(step)})

    def after_step(self, step: int) -> Evaluated | None:
        self.calls.append(f"after {step}")
        return (
            Evaluated(step, {"w": float(self.net["w"].detach())}, best=step == 3) if step % 3 == 0 else None
        )


def fall(**settings) -> Trainer:
    return Trainer(FallTask(FallSettings(**settings)), log_every=3)


def test_every_figure_is_its_closed_form() -> None:
    done = [event for event in fall().events() if isinstance(event, StepDone)]
    for event in done:
        w = (1 - RATE) ** (event.step - 1)
        assert event.figures["loss"] == pytest.approx(w**2 / 2, rel=1e-5)
        assert event.figures["gradient"] == pytest.approx(w, rel=1e-5)
        assert event.figures["step"] == event.step - 1
        assert event.steps == 10
    assert len(done) == 10


def test_within_a_step_the_log_comes_first_and_the_step_last() -> None:
    kinds = [(event.step, type(event)) for event in fall(steps=4).events()]
    assert kinds == [
        (1, StepDone),
        (2, StepDone),
        (3, Logged),
        (3, Evaluated),
        (3, StepDone),
        (4, Logged),
        (4, StepDone),
    ]


def test_history_is_the_means_of_disjoint_stretches() -> None:
    trainer = fall()
    logged = [event for event in trainer.events() if isinstance(event, Logged)]
    assert [step for step, _ in trainer.history] == [3, 6, 9, 10]
    for (step, figures), stretch in zip(trainer.history, ((0, 3), (3, 6), (6, 9), (9, 10)), strict=True):
        losses = [(1 - RATE) ** (2 * k) / 2 for k in range(*stretch)]
        assert figures["loss"] == pytest.approx(sum(losses) / len(losses), rel=1e-5)
        assert figures["step"] == pytest.approx(sum(range(*stretch)) / len(losses))
        assert set(figures) == {"loss", "step", "gradient", "learning_rate_factor"}, step
        assert figures["learning_rate_factor"] == 1
    assert [(event.step, event.figures) for event in logged] == trainer.history


def test_a_task_is_prepared_once_before_its_first_step() -> None:
    trainer = fall(steps=2)
    list(trainer.events())
    assert trainer.task.calls == ["prepare", "loss 0", "after 1", "loss 1", "after 2"]
    assert trainer.finished
    assert list(trainer.events()) == []
    assert trainer.task.calls[-1] == "after 2"


def test_a_run_that_is_left_is_continued_where_it_was() -> None:
    trainer = fall(steps=5)
    stream = trainer.events()
    assert next(stream).step == 1
    stream.close()
    assert [event.step for event in trainer.events() if isinstance(event, StepDone)] == [2, 3, 4, 5]
    assert trainer.task.calls.count("prepare") == 1
    assert trainer.history == _history(5)


def _history(steps: int) -> list[tuple[int, dict[str, float]]]:
    whole = fall(steps=steps)
    list(whole.events())
    return whole.history


@pytest.mark.parametrize("stop_after", range(1, 10))
@pytest.mark.parametrize("averaged", [False, True])
def test_a_stop_anywhere_in_a_log_interval_changes_nothing(tmp_path: Path, stop_after, averaged) -> None:
    whole, first, second = (fall(averaged=averaged) for _ in range(3))
    wanted = [event for event in whole.events() if not isinstance(event, StepDone)]
    before = []
    for event in first.events():
        if isinstance(event, StepDone):
            if event.step == stop_after:
                break
        else:
            before.append(event)
    write_checkpoint(tmp_path / "c", first, {})
    resume(read_checkpoint(tmp_path / "c", "fall"), second)
    after = [event for event in second.events() if not isinstance(event, StepDone)]
    found = [(type(event), event.step, event.figures) for event in before + after]
    assert found == [(type(event), event.step, event.figures) for event in wanted]
    assert second.history == whole.history
    assert "prepare" not in second.task.calls
    assert torch.equal(second.task.weights()["net.w"], whole.task.weights()["net.w"])


def test_averaged_weights_are_those_of_the_closed_form() -> None:
    trainer = fall(averaged=True)
    list(trainer.events())
    wanted = 1.0
    for step in (4, 8):
        d = min(0.5, step / (step + 20)) ** 4
        wanted = d * wanted + (1 - d) * (1 - RATE) ** step
    assert float(trainer.task.weights()["net.w"]) == pytest.approx(wanted, rel=1e-5)
    assert float(trainer.task.live_weights()["net.w"]) == pytest.approx((1 - RATE) ** 10, rel=1e-5)


@pytest.mark.parametrize("factor", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("step", [0, 4])
def test_a_loss_that_is_no_number_stops_before_its_step(factor: float, step: int) -> None:
    trainer = Trainer(FallTask(FallSettings(), {step: factor}), log_every=3)
    with pytest.raises(DivergedError, match=f"The loss is {factor} at step {step + 1}; lower"):
        list(trainer.events())
    assert trainer.step == step
    assert float(trainer.task.net["w"].detach()) == pytest.approx((1 - RATE) ** step, rel=1e-5)


def test_the_time_left_is_the_mean_time_times_the_steps_left() -> None:
    clock = iter(range(100, 10_000, 7))
    trainer = Trainer(FallTask(FallSettings(steps=4)), clock=lambda: next(clock))
    done = [event for event in trainer.events() if isinstance(event, StepDone)]
    assert [event.seconds for event in done] == [7, 14, 21, 28]
    assert [event.seconds_left for event in done] == [21, 14, 7, 0]


def test_after_a_resume_all_time_counts_but_only_the_new_run_predicts(tmp_path: Path) -> None:
    def six_steps(first: int, seconds: int) -> Trainer:
        clock = iter(range(first, 10_000, seconds))
        return Trainer(FallTask(FallSettings(steps=6)), clock=lambda: next(clock))

    first, second = six_steps(100, 7), six_steps(50, 10)
    for event in first.events():
        if event.step == 4:
            break
    write_checkpoint(tmp_path / "c", first, {})
    resume(read_checkpoint(tmp_path / "c", "fall"), second)
    done = [event for event in second.events() if isinstance(event, StepDone)]
    assert [(event.step, event.seconds, event.seconds_left) for event in done] == [(5, 38, 10), (6, 48, 0)]


def test_averages_cannot_be_restored_from_a_run_without_them() -> None:
    with pytest.raises(ResumeError, match="does not fit its own settings"):
        fall(averaged=True).load_state(fall().state())
