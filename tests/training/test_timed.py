"""A training limited by time: with a clock of one second a step it is the training of as many steps."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from impasto.training.checkpoint import read_checkpoint, resume, write_checkpoint
from impasto.training.distributed import DataParallel
from impasto.training.events import Logged, StepDone
from impasto.training.schedules import warmup_constant_cosine
from impasto.training.task import LossOutput
from impasto.training.trainer import Trainer

from .test_trainer import LineSettings, LineTask

pytestmark = pytest.mark.usefixtures("one_thread")
STEPS = 12


class Clock:
    """Seconds since no particular time; a step of `TimedTask` moves it by `tick`."""

    def __init__(self, tick: float = 1.0, now: float = 5000.0) -> None:
        self.tick, self.now = tick, now

    def __call__(self) -> float:
        return self.now


class TimedTask(LineTask):
    """The line of `test_trainer`, limited by `seconds`, with its moments of the schedule written down."""

    steps = None
    seconds = float(STEPS)

    def __init__(self, clock: Clock) -> None:
        super().__init__(LineSettings())
        self.clock = clock
        self.positions: list[float] = []

    def learning_rate_factor(self, position: float) -> float:
        self.positions.append(position)
        return warmup_constant_cosine(position / self.length, 0.1)

    def loss(self, step: int) -> LossOutput:
        self.clock.now += self.clock.tick
        return super().loss(step)


def timed(clock: Clock) -> Trainer:
    return Trainer(TimedTask(clock), log_every=4, clock=clock)


def assert_same_training(mine: Trainer, theirs: Trainer) -> None:
    assert mine.step == theirs.step
    assert mine.history == theirs.history
    for weights in ("weights", "live_weights"):
        ours, wanted = getattr(mine.task, weights)(), getattr(theirs.task, weights)()
        assert all(torch.equal(ours[name], wanted[name]) for name in wanted)


def test_a_second_a_step_gives_the_bits_of_the_training_by_steps() -> None:
    by_steps, by_time = Trainer(LineTask(LineSettings(steps=STEPS)), log_every=4), timed(Clock())
    list(by_steps.events())
    list(by_time.events())
    assert_same_training(by_time, by_steps)
    assert by_time.seconds == STEPS


@pytest.mark.parametrize("tick", [0.25, 0.7, 5.0, 100.0])
def test_the_schedule_follows_the_time_and_ends_with_it(tick: float) -> None:
    trainer = timed(Clock(tick))
    done = [event for event in trainer.events() if isinstance(event, StepDone)]
    # The first step begins at 0 and the last one before the end: whatever a step takes, the rates fall all the way.
    assert trainer.task.positions == pytest.approx([tick * step for step in range(trainer.step)])
    assert trainer.seconds - tick < STEPS <= trainer.seconds
    assert all(event.steps is None for event in done)
    left = [event.seconds_left for event in done]
    assert left == pytest.approx([max(0.0, STEPS - tick * event.step) for event in done])


@pytest.mark.parametrize("stop_after", [1, 4, 11])
def test_a_resumed_run_counts_the_time_before_and_ends_with_the_same_bits(tmp_path: Path, stop_after) -> None:
    whole, first = timed(Clock()), timed(Clock())
    wanted = list(whole.events())
    for event in first.events():
        if isinstance(event, StepDone) and event.step == stop_after:
            break
    write_checkpoint(tmp_path / "c", first, {})
    # Another clock, which begins elsewhere and has run on for an hour between the runs.
    second = timed(Clock(now=9_000_000.0))
    resume(read_checkpoint(tmp_path / "c", "line"), second)
    assert second.seconds == stop_after
    rest = list(second.events())
    assert_same_training(second, whole)
    assert rest == wanted[-len(rest) :]
    assert rest[-1].seconds == STEPS


def test_time_between_the_steps_counts_too() -> None:
    clock = Clock()
    trainer = timed(clock)
    for event in trainer.events():
        if isinstance(event, StepDone) and event.step == 2:
            clock.now += 7  # a preview, a checkpoint
    assert trainer.step == STEPS - 7
    # It counts from the end of the next step on.
    assert trainer.task.positions == [0, 1, 2, 10, 11]


def test_a_training_that_is_over_takes_no_further_step(tmp_path: Path) -> None:
    trainer = timed(Clock())
    list(trainer.events())
    write_checkpoint(tmp_path / "c", trainer, {})
    again = timed(Clock())
    resume(read_checkpoint(tmp_path / "c", "line"), again)
    assert again.finished
    assert list(again.events()) == []


def test_all_processes_count_the_same_time() -> None:
    class Slower(DataParallel):
        """One of two processes, of which the other one is two seconds behind."""

        def mean(self, figures, device):
            return {name: value + 1 if name == "seconds" else value for name, value in figures.items()}

    trainer = timed(Clock())
    trainer.task.parallel = Slower()
    assert [e.seconds for e in trainer.events() if isinstance(e, StepDone)][:3] == [2, 3, 4]


def test_logs_have_the_factor_of_the_learning_rates() -> None:
    trainer = timed(Clock())
    logged = [event for event in trainer.events() if isinstance(event, Logged)]
    for event in logged:
        steps = range(event.step - 4, event.step)
        factors = [warmup_constant_cosine(step / STEPS, 0.1) for step in steps]
        assert event.figures["learning_rate_factor"] == pytest.approx(sum(factors) / 4)
