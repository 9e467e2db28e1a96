"""The network for any style, and its training: a generator of progress, resumable exactly."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from impasto.encoders import Encoder
from impasto.errors import DivergedError, ResumeError
from impasto.networks.fast.body import Body, initialise
from impasto.networks.fast.codes import Coder
from impasto.networks.fast.data import Photographs, Styles
from impasto.networks.fast.learning import Learner, put, rate_factor, scale_free_kernels
from impasto.networks.fast.objective import content_targets, objective
from impasto.networks.fast.settings import AnySettings

KIND = "network:any"
# Layers whose features reach the picture without being normalised again, and the first, whose kernels are small.
NOT_SCALE_FREE = ("leave", "enter")
CHUNK = 256


@dataclass(frozen=True)
class Trained:
    """Means over the steps since the last line, and where the run stands."""

    step: int
    steps: int
    seconds: float
    seconds_left: float
    figures: dict[str, float]


class AnyTraining:
    """One run; all that is random follows from two generators, whose states are part of `state`."""

    def __init__(
        self, encoder: Encoder, photographs: Sequence[Tensor], styles: Styles, settings: AnySettings
    ) -> None:
        self.settings = settings
        self.encoder = encoder
        self.styles = styles
        torch.manual_seed(settings.seed)
        self.body = Body()
        initialise(self.body)
        self.coder = Coder(self.body.sites)
        standardise(self.coder, styles)
        kernels = scale_free_kernels(self.body, NOT_SCALE_FREE)
        modules: dict[str, nn.Module] = {"body": self.body, "coder": self.coder}
        self.learner = Learner(
            modules, kernels, self.coder.matrices(), settings.kernel_rate, settings.code_rate, settings.other_rate,
            settings.average,
        )  # fmt: skip
        self.photographs = Photographs(photographs, settings.size, settings.seed + 1)
        self.draws = random.Random(settings.seed + 2)
        self.batch: Tensor | None = None
        self.held: dict[str, Tensor] = {}

    def run(self, every: int = 50) -> Iterator[Trained]:
        """Train to the end, yielding a line each `every` steps; between lines the run may be saved or left."""
        settings, learner = self.settings, self.learner
        start, first, last = time.monotonic(), learner.step, learner.step
        sums: dict[str, float] = {}
        while learner.step < settings.steps:
            for name, value in self._train_step().items():
                sums[name] = sums.get(name, 0.0) + value
            if learner.step % every and learner.step < settings.steps:
                continue
            seconds = time.monotonic() - start
            left = seconds / (learner.step - first) * (settings.steps - learner.step)
            figures = {name: value / (learner.step - last) for name, value in sums.items()}
            yield Trained(learner.step, settings.steps, seconds, left, figures)
            sums, last = {}, learner.step

    def _train_step(self) -> dict[str, float]:
        settings = self.settings
        if self.batch is None or self.learner.step % settings.reuse == 0:
            self.batch = self.photographs.batch(settings.batch).contiguous(memory_format=torch.channels_last)
            self.held = content_targets(self.encoder, self.batch)
        chosen = [self.draws.randrange(len(self.styles)) for _ in range(settings.batch)]
        plain = round(settings.plain * settings.batch)
        strength = torch.tensor(
            [1.0 if number < plain else self.draws.random() for number in range(settings.batch)]
        )
        statistics, targets = self.styles.rows(chosen)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            painted = self.body(self.batch, self.coder(statistics, strength))
        weight = content_weight(strength, settings.content_least, settings.content_most)
        loss, figures = objective(self.encoder, painted, self.held, targets, weight, settings.spread_weight)
        if not torch.isfinite(loss):
            raise DivergedError(
                f"The loss is {float(loss)} at step {self.learner.step + 1}; lower the rates and start again."
            )
        done = self.learner.step / settings.steps
        figures["gradient"] = self.learner.learn(loss, rate_factor(done, settings.warmup, settings.constant))
        return figures

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
            self.batch = state["batch"]
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise ResumeError("The checkpoint does not fit its own settings; start afresh.") from error
        if self.batch is not None:
            self.held = content_targets(self.encoder, self.batch)

    def weights(self) -> dict[str, Tensor]:
        """Return the averaged weights, which are what ships."""
        return self.learner.averaged


def content_weight(strength: Tensor, least: float, most: float) -> Tensor:
    """Return ``most^(1 - s) least^s`` for strengths s `(B,)` in [0, 1]."""
    return most ** (1 - strength) * least**strength


def standardise(coder: Coder, styles: Styles) -> None:
    """Give `coder` the offset and scale that bring the vectors of `styles` to mean 0 and deviation 1."""
    rows = range(len(styles))
    vectors = torch.cat([
        styles.rows(rows[at : at + CHUNK])[0].vector() for at in range(0, len(styles), CHUNK)
    ])  # fmt: skip
    coder.offset.copy_(vectors.mean(0))
    coder.scale.copy_(1 / (vectors.std(0, correction=0) + 1e-3))


def restore(state: Mapping[str, Tensor]) -> tuple[Body, Coder]:
    """Return body and coder with the weights of a file or of `AnyTraining.weights`."""
    body = Body()
    coder = Coder(body.sites)
    for prefix, module in (("body.", body), ("coder.", coder)):
        put({f"{prefix}{name}": value for name, value in module.state_dict().items()}, state)
        module.eval()
        module.requires_grad_(False)
    return body, coder


def _generator(state: Any) -> tuple[Any, ...]:
    version, numbers, gauss = state
    return version, tuple(numbers), gauss
