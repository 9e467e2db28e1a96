"""Adam for one image.

torch.optim.Adam gives the same numbers (a test holds that), but making any torch.optim optimiser imports torch's
compiler, which costs 0.8 s: a quarter of a draft.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

EPSILON = 1e-8


class Adam:
    """``m = b1 m + (1-b1) g``, ``v = b2 v + (1-b2) g^2``, ``x -= lr m' / (sqrt(v') + 1e-8)``, bias-corrected.

    Source: Kingma & Ba 2015, algorithm 1. It has the parts of a torch optimiser that the engine uses.
    """

    def __init__(self, image: Tensor, lr: float, betas: tuple[float, float]) -> None:
        self.image = image
        self.betas = betas
        self.param_groups: list[dict[str, Any]] = [{"lr": lr}]
        self.steps = 0
        self.first = torch.zeros_like(image, requires_grad=False)
        self.second = torch.zeros_like(image, requires_grad=False)

    def step(self, closure: Callable[[], Tensor]) -> Tensor:
        """Call ``closure``, which sets the image's gradient and returns the loss, and take one step."""
        loss = closure()
        gradient = self.image.grad
        if gradient is None:
            return loss
        b1, b2 = self.betas
        self.steps += 1
        with torch.no_grad():
            self.first.lerp_(gradient, 1 - b1)
            self.second.mul_(b2).addcmul_(gradient, gradient, value=1 - b2)
            spread = (self.second.sqrt() / math.sqrt(1 - b2**self.steps)).add_(EPSILON)
            rate = self.param_groups[0]["lr"] / (1 - b1**self.steps)
            self.image.addcdiv_(self.first, spread, value=-rate)
        return loss

    def carry_from(self, other: Adam) -> None:
        """Take over the moments of ``other``, resized to this image, with its step count.

        First moment bicubic, second bilinear and cut at 0. Source: crowsonkb/style-transfer-pytorch, scale_adam.
        """
        size = (self.image.shape[2], self.image.shape[3])
        self.steps = other.steps
        self.first = F.interpolate(other.first, size, mode="bicubic")
        self.second = F.interpolate(other.second, size, mode="bilinear").relu_()

    def state_dict(self) -> dict[str, Any]:
        """Return the live state, as a torch optimiser does: copy it to keep it."""
        return {"steps": self.steps, "first": self.first, "second": self.second}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        self.steps = int(state["steps"])
        self.first = state["first"].to(self.image.device)
        self.second = state["second"].to(self.image.device)
