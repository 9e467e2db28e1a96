"""Muon: momentum with orthogonalised updates, for convolution kernels and matrices.

Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks". torch.optim.Muon takes
matrices only; here kernels count as matrices (out, in*9).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn


class Muon(torch.optim.Optimizer):
    """``m = mu m + g``; ``W -= lr sqrt(max(1, out/in)) orth(g + mu m)`` (Nesterov momentum)."""

    def __init__(self, params: Iterable[nn.Parameter], lr: float = 0.02, momentum: float = 0.95) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Take one step from the gradients in place; `closure` is not used."""
        del closure
        for group in self.param_groups:
            for kernel in group["params"]:
                state = self.state[kernel]
                if not state:
                    state["momentum"] = torch.zeros_like(kernel)
                momentum = state["momentum"].mul_(group["momentum"]).add_(kernel.grad)
                update = kernel.grad.add(momentum, alpha=group["momentum"]).flatten(1)
                rows, columns = update.shape
                scale = max(1.0, rows / columns) ** 0.5
                kernel.add_(orthogonalise(update).view_as(kernel), alpha=-group["lr"] * scale)


def orthogonalise(matrix: Tensor, iterations: int = 5) -> Tensor:
    """Return nearly U V^T of ``matrix`` = U S V^T (m,n) by a quintic Newton-Schulz iteration in bfloat16.

    Singular values end between about .7 and 1.2; the coefficients are the source's.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix / (matrix.norm() + 1e-7)).bfloat16()
    x = x.T if tall else x
    for _ in range(iterations):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    result: Tensor = (x.T if tall else x).float()
    return result
