"""The sums of a term over all tiles or bands, and the derivatives of the loss with respect to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


@dataclass
class TermSums:
    """The sums of one term so far in float64, and the derivatives of the loss with respect to them."""

    term: Any
    factors: Tensor
    parts: list[Tensor] = field(default_factory=list)
    slopes: list[Tensor] = field(default_factory=list)

    def add(self, parts: Sequence[Tensor]) -> None:
        """Add the sums of a tile or band."""
        wide = [part.detach().double() for part in parts]
        if self.parts:
            for total, part in zip(self.parts, wide, strict=True):
                total += part
        else:
            self.parts = [part.clone() for part in wide]

    def differentiate(self) -> None:
        """Compute the derivatives; those of an additive term are its factor."""
        if self.term.additive:
            self.slopes = [self.factors[0]]
            return
        leaves = [part.float().requires_grad_() for part in self.parts]
        loss = (self.term.total(leaves) * self.factors).sum()
        found = torch.autograd.grad(loss, leaves, allow_unused=True)
        self.slopes = [
            torch.zeros_like(leaf) if slope is None else slope
            for leaf, slope in zip(leaves, found, strict=True)
        ]

    def values(self) -> Tensor:
        """Return the unweighted values of the term."""
        values: Tensor = self.term.total([part.float() for part in self.parts])
        return values
