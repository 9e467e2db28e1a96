"""The trainer: a generator of events that trains one task, resumable bit for bit."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from impasto.errors import DivergedError, ResumeError
from impasto.training.events import Logged, StepDone, TrainingEvent
from impasto.training.task import TrainingTask
from impasto.training.weights import copy_weights

LOG_EVERY = 10


class Trainer:
    """One run of one task. `events` trains; the run may be saved at any event and left after a `StepDone`.

    `history` holds the means of the figures over every `log_every` steps, for learning curves. `seconds` is the wall
    time of all steps so far, those before a resume included; `clock` returns seconds from any start.
    """

    def __init__(
        self, task: TrainingTask, *, log_every: int = LOG_EVERY, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.task = task
        self.log_every = log_every
        self.clock = clock
        self.step = 0
        self.seconds = 0.0
        self.history: list[tuple[int, dict[str, float]]] = []
        self._sums: dict[str, float] = {}
        self._summed = 0

    @property
    def position(self) -> float:
        """How far the training is, in the unit of the task's `length`: steps, or seconds where time limits it."""
        return self.step if self.task.seconds is None else self.seconds

    @property
    def finished(self) -> bool:
        """Whether the task has nothing left to do."""
        return self.task.finished(self.position)

    def events(self) -> Iterator[TrainingEvent]:
        """Train to the end and yield what happens. Raises DivergedError if a loss is not finite."""
        task, first, before = self.task, self.step, self.seconds
        start = self.clock() - before
        if self.step == 0:
            task.prepare()
        while not self.finished:
            figures = self._train_step()
            evaluated = task.after_step(self.step)
            # All processes count the same time, so that they take the same steps.
            passed = task.parallel.mean({"seconds": self.clock() - start}, task.compute.device)
            self.seconds = passed["seconds"]
            logged = self._log(figures)
            left = self._seconds_left((self.seconds - before) / (self.step - first))
            if logged is not None:
                yield Logged(self.step, task.steps, logged, self.seconds, left)
            if evaluated is not None:
                yield evaluated
            # The last event of a step: after it, a run may be left without losing the others.
            yield StepDone(self.step, task.steps, figures, self.seconds, left)

    def _seconds_left(self, step_seconds: float) -> float:
        """Return an estimate of the remaining time, from the mean time of a step of this run."""
        if self.finished:
            return 0.0
        left = self.task.length - self.position
        return left if self.task.seconds is not None else left * step_seconds

    def _train_step(self) -> dict[str, float]:
        """Take one optimizer step and return its figures."""
        task = self.task
        loss, figures = task.loss(self.step)
        figures = task.parallel.mean({"loss": float(loss.detach()), **figures}, task.compute.device)
        if not math.isfinite(figures["loss"]):
            raise DivergedError(
                f"The loss is {figures['loss']} at step {self.step + 1}; lower the learning rates and start again."
            )
        factor = task.learning_rate_factor(self.position)
        figures["gradient"] = task.optimizers.step(loss, factor, task.parallel)
        figures["learning_rate_factor"] = factor
        self.step += 1
        if task.ema is not None:
            task.ema.update(task.live_weights(), self.step)
        return figures

    def _log(self, figures: Mapping[str, float]) -> dict[str, float] | None:
        """Add the figures of a step; return their means when a log line is due."""
        for name, value in figures.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._summed += 1
        if self.step % self.log_every and not self.finished:
            return None
        means = {name: value / self._summed for name, value in self._sums.items()}
        self.history.append((self.step, means))
        self._sums, self._summed = {}, 0
        return means

    def state(self) -> dict[str, Any]:
        """Return everything that a resumed run needs besides data and settings."""
        task = self.task
        return {
            "step": self.step,
            "seconds": self.seconds,
            "history": self.history,
            "log": [self._sums, self._summed],
            "weights": task.live_weights(),
            "optimizers": task.optimizers.state(),
            "ema": None if task.ema is None else task.ema.state(),
            "task": task.state(),
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state` returned; raises ResumeError if it does not fit."""
        task = self.task
        try:
            copy_weights(task.live_weights(), state["weights"])
            task.optimizers.load_state(state["optimizers"])
            if task.ema is not None:
                task.ema.load_state(state["ema"])
            task.load_state(state["task"])
            self.step, self.seconds = int(state["step"]), float(state["seconds"])
            self.history = [(int(step), dict(figures)) for step, figures in state["history"]]
            self._sums, self._summed = dict(state["log"][0]), int(state["log"][1])
        except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise ResumeError("The checkpoint does not fit its own settings; start afresh.") from error
