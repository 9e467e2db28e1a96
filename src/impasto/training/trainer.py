"""The trainer: a generator of events that trains one task, resumable bit for bit."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

from impasto.errors import DivergedError, ResumeError
from impasto.training.events import Logged, StepDone, TrainingEvent
from impasto.training.task import TrainingTask
from impasto.training.weights import copy_weights

LOG_EVERY = 10


class Trainer:
    """One run of one task. `events` trains; the run may be saved at any event and left after a `StepDone`.

    `history` holds the means of the figures over every `log_every` steps, for learning curves.
    """

    def __init__(self, task: TrainingTask, *, log_every: int = LOG_EVERY) -> None:
        self.task = task
        self.log_every = log_every
        self.step = 0
        self.history: list[tuple[int, dict[str, float]]] = []
        self._sums: dict[str, float] = {}
        self._summed = 0

    @property
    def finished(self) -> bool:
        """Whether the task has nothing left to do."""
        return self.task.finished(self.step)

    def events(self) -> Iterator[TrainingEvent]:
        """Train to the end and yield what happens. Raises DivergedError if a loss is not finite."""
        task, first, start = self.task, self.step, time.monotonic()
        if self.step == 0:
            task.prepare()
        while not self.finished:
            figures = self._train_step()
            evaluated = task.after_step(self.step)
            logged = self._log(figures)
            seconds = time.monotonic() - start
            left = 0.0 if self.finished else seconds / (self.step - first) * (task.steps - self.step)
            if logged is not None:
                yield Logged(self.step, task.steps, logged, seconds, left)
            if evaluated is not None:
                yield evaluated
            # The last event of a step: after it, a run may be left without losing the others.
            yield StepDone(self.step, task.steps, figures, seconds, left)

    def _train_step(self) -> dict[str, float]:
        """Take one optimizer step and return its figures."""
        task = self.task
        loss, figures = task.loss(self.step)
        figures = task.parallel.mean({"loss": float(loss.detach()), **figures}, task.compute.device)
        if not math.isfinite(figures["loss"]):
            raise DivergedError(
                f"The loss is {figures['loss']} at step {self.step + 1}; lower the learning rates and start again."
            )
        factor = task.learning_rate_factor(self.step)
        figures["gradient"] = task.optimizers.step(loss, factor, task.parallel)
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
            self.step = int(state["step"])
            self.history = [(int(step), dict(figures)) for step, figures in state["history"]]
            self._sums, self._summed = dict(state["log"][0]), int(state["log"][1])
        except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise ResumeError("The checkpoint does not fit its own settings; start afresh.") from error
