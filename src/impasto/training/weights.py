"""Weights of several modules under one naming scheme, and their moving average."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

EVERY = 4


def named_weights(modules: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """Return all weights and buffers of `modules` as ``module.name`` -> tensor, not copied."""
    return {
        f"{prefix}.{name}": value.detach()
        for prefix, module in modules.items()
        for name, value in module.state_dict().items()
    }


def copy_weights(into: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> None:
    """Copy `values` into tensors of the same names; raises KeyError or RuntimeError where they do not fit."""
    with torch.no_grad():
        for name, tensor in into.items():
            tensor.copy_(values[name])


class WeightEMA:
    """Exponential moving average of weights: ``a <- d a + (1 - d) w``, applied at every fourth step.

    The decay d rises from 0 to `ema_decay` as step / (step + 20), so that the average leaves the random start quickly.
    """

    def __init__(self, weights: Mapping[str, Tensor], ema_decay: float) -> None:
        self.ema_decay = ema_decay
        self.averaged = {name: value.clone() for name, value in weights.items()}

    def update(self, weights: Mapping[str, Tensor], step: int) -> None:
        """Include the `weights` after `step` steps."""
        if step % EVERY:
            return
        decay = min(self.ema_decay, step / (step + 20)) ** EVERY
        with torch.no_grad():
            for name, value in weights.items():
                self.averaged[name].lerp_(value, 1 - decay)

    def state(self) -> dict[str, Any]:
        """Return everything that a resumed run needs."""
        return {"averaged": self.averaged}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `state` returned; raises KeyError or RuntimeError if it does not fit."""
        copy_weights(self.averaged, state["averaged"])
