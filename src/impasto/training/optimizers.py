"""How networks learn here: Muon for kernels, Adam for the rest, averaged weights, exact state."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from impasto.training.muon import Muon

AVERAGE_EVERY = 4


def rate_factor(done: float, warmup: float, constant: float = 0.3) -> float:
    """Return the factor on both rates when a share `done` of the run is over: up, level, then half a cosine."""
    rising = min(1.0, (done + 1e-6) / warmup) if warmup > 0 else 1.0
    if done < constant:
        return rising
    return max(0.01, 0.5 * (1 + math.cos(math.pi * (done - constant) / (1 - constant))))


class Learner:
    """Optimisers and averaged weights of `modules` (name -> module).

    3x3 kernels behind which features are normalised again are `scale_free`: their length means nothing, so it is kept
    constant after Muon's steps, which would let it grow. `matrices` are taught by Muon too, at a rate of their own,
    all other weights by Adam with `betas`, their gradient cut to the length `clip`.
    """

    def __init__(
        self,
        modules: Mapping[str, nn.Module],
        scale_free: Iterable[nn.Parameter],
        matrices: Iterable[nn.Parameter],
        kernel_rate: float,
        code_rate: float,
        other_rate: float,
        average: float = 0.998,
        *,
        betas: tuple[float, float] = (0.9, 0.99),
        clip: float = 1.0,
    ) -> None:
        self.modules = dict(modules)
        for module in self.modules.values():
            for parameter in module.parameters():
                if parameter.ndim == 4:
                    parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        self.kernels = list(scale_free)
        self.lengths = [float(kernel.detach().norm()) for kernel in self.kernels]
        own = list(matrices)
        chosen = {id(parameter) for parameter in (*self.kernels, *own)}
        self.rest = [p for m in self.modules.values() for p in m.parameters() if id(p) not in chosen]
        adam = torch.optim.Adam(self.rest, lr=other_rate, betas=betas)
        self.optimizers: dict[str, torch.optim.Optimizer] = {"rest": adam}
        for name, chosen_ones, rate in (("kernels", self.kernels, kernel_rate), ("matrices", own, code_rate)):
            if chosen_ones:
                self.optimizers[name] = Muon(chosen_ones, lr=rate)
        self.rates = {"kernels": kernel_rate, "matrices": code_rate, "rest": other_rate}
        self.average = average
        self.clip = clip
        self.averaged = {name: value.clone() for name, value in self.weights().items()}
        self.step = 0

    def weights(self) -> dict[str, Tensor]:
        """Return all weights and buffers as ``module.name`` -> tensor, not copied."""
        return weights_of(self.modules)

    def learn(self, loss: Tensor, factor: float) -> float:
        """Take one step down `loss` at `factor` times the rates; return the length of Adam's gradient."""
        for module in self.modules.values():
            module.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        length = float(torch.nn.utils.clip_grad_norm_(self.rest, self.clip))
        for name, optimizer in self.optimizers.items():
            optimizer.param_groups[0]["lr"] = self.rates[name] * factor
            optimizer.step()
        with torch.no_grad():
            for kernel, wanted in zip(self.kernels, self.lengths, strict=True):
                kernel.mul_(wanted / kernel.norm())
        self.step += 1
        if self.step % AVERAGE_EVERY == 0:
            self._average()
        return length

    def _average(self) -> None:
        # At first the average follows quickly, or it would hold the random beginning for long.
        kept = min(self.average, self.step / (self.step + 20)) ** AVERAGE_EVERY
        for name, value in self.weights().items():
            self.averaged[name].lerp_(value, 1 - kept)

    def state(self) -> dict[str, Any]:
        """Return everything that a resumed run needs."""
        return {
            "step": self.step, "weights": self.weights(), "averaged": self.averaged,
            "lengths": self.lengths, "optimizers": {name: o.state_dict() for name, o in self.optimizers.items()},
        }  # fmt: skip

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned; raises KeyError, RuntimeError or ValueError if it does not fit."""
        put(self.weights(), state["weights"])
        put(self.averaged, state["averaged"])
        self.lengths = [float(value) for value in state["lengths"]]
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.step = int(state["step"])


def weights_of(modules: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """Return all weights and buffers of `modules` as ``module.name`` -> tensor, not copied."""
    return {
        f"{prefix}.{name}": value.detach()
        for prefix, module in modules.items()
        for name, value in module.state_dict().items()
    }


def put(into: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> None:
    """Copy `values` into tensors of the same names; raises KeyError or RuntimeError where they do not fit."""
    with torch.no_grad():
        for name, tensor in into.items():
            tensor.copy_(values[name])


def scale_free_kernels(network: nn.Module, fixed: tuple[str, ...]) -> list[nn.Parameter]:
    """Return the 3x3 kernels of `network` but those of the layers named in `fixed`."""
    return [
        parameter
        for name, parameter in network.named_parameters()
        if parameter.ndim == 4 and parameter.shape[2] == 3 and not name.startswith(fixed)
    ]
