"""What every training of a network that paints in one pass has in common: its loop, its random draws, its state."""

from __future__ import annotations

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.errors import ResumeError
from impasto.feedforward.any_settings import TrainingSettings
from impasto.feedforward.objective import content_targets
from impasto.feedforward.style_data import Photographs
from impasto.training.optimizers import Learner

UNFIT = "The checkpoint does not fit its own settings; start afresh."


@dataclass(frozen=True)
class Trained:
    """Means over the steps since the last line, and where the run stands."""

    step: int
    steps: int
    seconds: float
    seconds_left: float
    figures: dict[str, float]


class Training(ABC):
    """One run; all that is random follows from two generators, whose states are part of `state`."""

    def __init__(self, learner: Learner, photographs: Photographs, settings: TrainingSettings) -> None:
        self.settings = settings
        self.learner = learner
        self.photographs = photographs
        self.draws = random.Random(settings.seed + 2)
        self.batch: Tensor | None = None
        self._held: dict[str, Tensor] = {}

    @abstractmethod
    def train_step(self) -> dict[str, float]:
        """Take one step; return its figures. Raises DivergedError if the loss is not finite."""

    def run(self, every: int = 50) -> Iterator[Trained]:
        """Train to the end, yielding a line each `every` steps; between lines the run may be saved or left."""
        settings, learner = self.settings, self.learner
        start, first, last = time.monotonic(), learner.step, learner.step
        sums: dict[str, float] = {}
        while learner.step < settings.steps:
            for name, value in self.train_step().items():
                sums[name] = sums.get(name, 0.0) + value
            if learner.step % every and learner.step < settings.steps:
                continue
            seconds = time.monotonic() - start
            left = seconds / (learner.step - first) * (settings.steps - learner.step)
            figures = {name: value / (learner.step - last) for name, value in sums.items()}
            yield Trained(learner.step, settings.steps, seconds, left, figures)
            sums, last = {}, learner.step

    def photographs_now(self) -> Tensor:
        """Return the photographs of this step `(B, 3, h, w)`: new ones every `reuse` steps."""
        if self.batch is None or self.learner.step % self.settings.reuse == 0:
            drawn = self.photographs.batch(self.settings.batch)
            self.batch = drawn.contiguous(memory_format=torch.channels_last)
            self._held = {}
        return self.batch

    def held(self, encoder: Encoder, photographs: Tensor) -> dict[str, Tensor]:
        """Return the features that paintings of this step's `photographs` are held to, computed once for a batch."""
        if not self._held:
            self._held = content_targets(encoder, photographs)
        return self._held

    def state(self) -> dict[str, Any]:
        """Return everything that a resumed run needs besides pictures and settings."""
        return {
            "learner": self.learner.state(),
            "photographs": self.photographs.rng.getstate(),
            "draws": self.draws.getstate(),
            "batch": self.batch,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned; raises ResumeError if it does not fit."""
        try:
            self.learner.load(state["learner"])
            self.photographs.rng.setstate(_generator(state["photographs"]))
            self.draws.setstate(_generator(state["draws"]))
            self.batch, self._held = state["batch"], {}
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise ResumeError(UNFIT) from error

    def weights(self) -> dict[str, Tensor]:
        """Return the averaged weights, which are what ships."""
        return self.learner.averaged


def _generator(state: Any) -> tuple[Any, ...]:
    version, numbers, gauss = state
    return version, tuple(numbers), gauss
