"""What a task gives the trainer: modules, optimizers, a loss for each step, and its own state."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from impasto.settings import FrozenSettings
from impasto.training.device import ComputeDevice
from impasto.training.distributed import SINGLE, DataParallel
from impasto.training.events import Evaluated
from impasto.training.optimizer_set import OptimizerSet
from impasto.training.weights import WeightEMA, named_weights


class LossOutput(NamedTuple):
    """The loss of a batch, and its parts as numbers."""

    loss: Tensor
    figures: dict[str, float]


class TrainingTask(ABC):
    """One training: data, model and loss. `Trainer` runs it.

    Subclasses set `modules` (name -> module), `optimizers` and, where averaged weights ship, `ema` in ``__init__``.
    Everything random must follow from generators that `state` returns, so that a resumed run ends with the same bits.
    """

    kind: ClassVar[str]
    modules: Mapping[str, nn.Module]
    optimizers: OptimizerSet
    ema: WeightEMA | None = None

    def __init__(
        self, settings: FrozenSettings, compute: ComputeDevice, parallel: DataParallel = SINGLE
    ) -> None:
        self.settings = settings
        self.compute = compute
        self.parallel = parallel

    @property
    @abstractmethod
    def steps(self) -> int | None:
        """Optimizer steps of the whole training; None where `seconds` limit it."""

    @property
    def seconds(self) -> float | None:
        """Wall time of the whole training in seconds; None where `steps` limit it."""
        return None

    @property
    def length(self) -> float:
        """The whole training in steps, or in seconds where time limits it."""
        length = self.steps if self.seconds is None else self.seconds
        assert length is not None
        return length

    @abstractmethod
    def loss(self, step: int) -> LossOutput:
        """Return the loss of the batch of `step`, counted from 0, in this process."""

    def learning_rate_factor(self, position: float) -> float:  # noqa: ARG002 (a constant rate does not depend on it)
        """Return the factor on the base learning rates at `position`, from 0 to below `length`."""
        return 1.0

    def prepare(self) -> None:  # noqa: B027 (most tasks need nothing)
        """Do what a new run needs before its first step."""

    def after_step(self, step: int) -> Evaluated | None:  # noqa: ARG002 (most tasks need nothing)
        """Do what follows after `step` steps; return an evaluation if one was due."""
        return None

    def finished(self, position: float) -> bool:
        """Return whether nothing is left to do at `position`, in the unit of `length`."""
        return position >= self.length

    def live_weights(self) -> dict[str, Tensor]:
        """Return the trained weights as ``module.name`` -> tensor, not copied."""
        return named_weights(self.modules)

    def weights(self) -> dict[str, Tensor]:
        """Return the weights that are written to a file: averaged ones if the task averages."""
        return self.live_weights() if self.ema is None else self.ema.averaged

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs besides data, settings, weights and optimizer states."""
        return {}

    def load_state(self, state: Mapping[str, Any]) -> None:  # noqa: B027 (most tasks need nothing)
        """Restore what `state` returned; raises KeyError, RuntimeError, TypeError or ValueError if it does not fit."""


def restore_generators(
    state: Mapping[str, Any], generators: Mapping[str, random.Random | torch.Generator]
) -> None:
    """Set each of `generators` to its state in `state`; raises KeyError, TypeError or ValueError if one is missing."""
    for name, generator in generators.items():
        if isinstance(generator, torch.Generator):
            generator.set_state(state[name])
        else:
            generator.setstate(state[name])


def generator_states(generators: Mapping[str, random.Random | torch.Generator]) -> dict[str, Any]:
    """Return the states of `generators` for `restore_generators`."""
    return {
        name: generator.get_state() if isinstance(generator, torch.Generator) else generator.getstate()
        for name, generator in generators.items()
    }
