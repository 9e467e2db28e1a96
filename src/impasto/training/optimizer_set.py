"""Optimizers of a training: one step of all of them, gradient clipping, kernels of constant norm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from impasto.training.distributed import DataParallel
from impasto.training.muon import Muon

BASE = "base_learning_rate"


class OptimizerSet:
    """Several optimizers that step together.

    `optimizers` maps a name to an optimizer whose learning rates are the base rates of the schedule. Gradients of
    `clipped` parameters are cut to the norm `max_norm`. `scale_free` kernels are those behind which features are
    normalised again: their norm has no effect, and Muon would let it grow, so each step restores it.
    """

    def __init__(
        self,
        optimizers: Mapping[str, torch.optim.Optimizer],
        *,
        clipped: Iterable[nn.Parameter] = (),
        max_norm: float = float("inf"),
        scale_free: Iterable[nn.Parameter] = (),
    ) -> None:
        self.optimizers = dict(optimizers)
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group.setdefault(BASE, group["lr"])
        self.clipped = list(clipped)
        self.max_norm = max_norm
        self.scale_free = list(scale_free)
        self.norms = [float(kernel.detach().norm()) for kernel in self.scale_free]

    @property
    def parameters(self) -> list[nn.Parameter]:
        """Every trained parameter."""
        groups = (group for optimizer in self.optimizers.values() for group in optimizer.param_groups)
        return [parameter for group in groups for parameter in group["params"]]

    def step(self, loss: Tensor, factor: float, parallel: DataParallel) -> float:
        """Take one step down `loss` at `factor` times the base learning rates; return the clipped gradient's norm."""
        for optimizer in self.optimizers.values():
            optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        parallel.average_gradients(self.parameters)
        norm = float(torch.nn.utils.clip_grad_norm_(self.clipped, self.max_norm)) if self.clipped else 0.0
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = group[BASE] * factor
            optimizer.step()
        with torch.no_grad():
            for kernel, wanted in zip(self.scale_free, self.norms, strict=True):
                kernel.mul_(wanted / kernel.norm())
        return norm

    def state(self) -> dict[str, Any]:
        """Return everything that a resumed run needs."""
        states = {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()}
        return {"optimizers": states, "norms": self.norms}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `state` returned; raises KeyError or ValueError if it does not fit."""
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.norms = [float(value) for value in state["norms"]]


def muon_and_adam(
    modules: Mapping[str, nn.Module],
    muon: Mapping[str, tuple[Sequence[nn.Parameter], float]],
    learning_rate: float,
    *,
    betas: tuple[float, float] = (0.9, 0.99),
    max_norm: float = 1.0,
    scale_free: Sequence[nn.Parameter] = (),
) -> OptimizerSet:
    """Return Muon for the named groups (parameters, learning rate) and Adam for all other parameters of `modules`.

    Parameters that need no gradient stay as they are. Convolution kernels become channels-last. Only Adam's gradients
    are clipped: Muon's updates have a fixed norm.
    """
    for module in modules.values():
        for parameter in module.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    chosen = {id(parameter) for parameters, _ in muon.values() for parameter in parameters}
    everything = [p for module in modules.values() for p in module.parameters()]
    rest = [p for p in everything if p.requires_grad and id(p) not in chosen]
    optimizers: dict[str, torch.optim.Optimizer] = {
        "adam": torch.optim.Adam(rest, lr=learning_rate, betas=betas)
    }
    for name, (parameters, rate) in muon.items():
        if parameters:
            optimizers[name] = Muon(parameters, lr=rate)
    return OptimizerSet(optimizers, clipped=rest, max_norm=max_norm, scale_free=scale_free)


def scale_free_kernels(network: nn.Module, excluded: tuple[str, ...]) -> list[nn.Parameter]:
    """Return the 3x3 kernels of `network` except those whose names begin with one of `excluded`."""
    return [
        parameter
        for name, parameter in network.named_parameters()
        if parameter.ndim == 4 and parameter.shape[2] == 3 and not name.startswith(excluded)
    ]
