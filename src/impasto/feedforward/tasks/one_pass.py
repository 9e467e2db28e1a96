"""Data that every training of a one-pass network shares: batches of photographs and their content targets."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from impasto.encoders import Encoder
from impasto.feedforward.grain import SIDE, grain
from impasto.feedforward.objective import content_targets
from impasto.feedforward.style_data import Photographs
from impasto.feedforward.training_settings import OnePassTrainingSettings
from impasto.training.device import ComputeDevice
from impasto.training.distributed import SINGLE, DataParallel
from impasto.training.optimizer_set import OptimizerSet, muon_and_adam, scale_free_kernels
from impasto.training.schedules import warmup_constant_cosine
from impasto.training.task import TrainingTask, generator_states, restore_generators
from impasto.training.weights import WeightEMA

# Features of the head and of the last kernels at full resolution reach the picture without another normalisation; the
# stem's kernels start small.
NOT_SCALE_FREE = ("head", "stem", "detail.out", "detail.pixels")


class OnePassTask(TrainingTask):
    """Base of the trainings of one-pass networks. A batch of photographs serves `reuse` steps."""

    settings: OnePassTrainingSettings

    def __init__(
        self,
        encoder: Encoder,
        photographs: Sequence[Tensor],
        settings: OnePassTrainingSettings,
        compute: ComputeDevice,
        parallel: DataParallel = SINGLE,
    ) -> None:
        super().__init__(settings, compute, parallel)
        self.encoder = encoder
        self.photographs = Photographs(photographs, settings.size, settings.seed + 1)
        self.draws = random.Random(settings.seed + 2)
        self.rows = parallel.rows(settings.batch)
        self.batch: Tensor | None = None
        self._content: dict[str, Tensor] = {}

    @property
    def steps(self) -> int | None:
        """Steps of the whole training; None if it was asked for in minutes."""
        return self.settings.steps

    @property
    def seconds(self) -> float | None:
        """Wall time of the whole training in seconds; None if it was asked for in steps."""
        minutes = self.settings.minutes
        return None if minutes is None else 60 * minutes

    def learning_rate_factor(self, position: float) -> float:
        """Return a linear warm-up, a constant, then half a cosine."""
        settings = self.settings
        return warmup_constant_cosine(position / self.length, settings.warmup, settings.constant)

    def set_trained(
        self, modules: Mapping[str, nn.Module], optimizers: OptimizerSet, *, averaged: bool
    ) -> None:
        """Set the trained modules and their optimizers; `averaged` weights are those that ship."""
        self.modules = modules
        self.optimizers = optimizers
        if averaged:
            self.ema = WeightEMA(self.live_weights(), self.settings.ema_decay)

    def next_photographs(self, step: int) -> Tensor:
        """Return this process's photographs `(B, 3, h, w)` of `step`: new ones every `reuse` steps."""
        if self.batch is None or step % self.settings.reuse == 0:
            crops = self.photographs.batch(self.settings.batch)
            self.batch = crops.contiguous(memory_format=torch.channels_last)
            self._content = {}
        return self.batch[self.rows].to(self.compute.device)

    def content_targets(self, photographs: Tensor) -> dict[str, Tensor]:
        """Return the content features of the `photographs` of this step, computed once for a batch."""
        if not self._content:
            self._content = content_targets(self.encoder, photographs)
        return self._content

    def with_grain(self, photographs: Tensor, deviation: float) -> Tensor:
        """Return this process's `photographs` with grain of `deviation`, each from a random place; the same at 0."""
        if not deviation:
            return photographs
        # Every process draws the places of the whole batch, so that the generators stay equal.
        places = [
            (self.draws.randrange(SIDE), self.draws.randrange(SIDE)) for _ in range(self.settings.batch)
        ]
        return add_grain(photographs, deviation, places[self.rows])

    def state(self) -> dict[str, Any]:
        """Return the generators and the batch."""
        return {"generators": generator_states(self._generators), "batch": self.batch}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `state` returned."""
        restore_generators(state["generators"], self._generators)
        self.batch, self._content = state["batch"], {}

    @property
    def _generators(self) -> dict[str, random.Random | torch.Generator]:
        return {"photographs": self.photographs.rng, "draws": self.draws}


def add_grain(photographs: Tensor, deviation: float, places: Sequence[tuple[int, int]]) -> Tensor:
    """Return `photographs` `(B, 3, h, w)` with grain of `deviation`, each from its row and column of the tile."""
    height, width = photographs.shape[2:]
    parts = [grain(height, width, top, left) for top, left in places]
    noise = photographs.new_tensor(np.stack(parts))[:, None]
    return (photographs + deviation * noise).contiguous(memory_format=torch.channels_last)


def modulated_optimizers(
    network: nn.Module,
    modules: Mapping[str, nn.Module],
    matrices: Sequence[nn.Parameter],
    settings: OnePassTrainingSettings,
) -> OptimizerSet:
    """Return Muon for the kernels of `network` and the style `matrices`, Adam for everything else."""
    kernels = scale_free_kernels(network, NOT_SCALE_FREE)
    muon = {
        "kernels": (kernels, settings.kernel_learning_rate),
        "matrices": (matrices, settings.style_learning_rate),
    }
    return muon_and_adam(modules, muon, settings.learning_rate, scale_free=kernels)
