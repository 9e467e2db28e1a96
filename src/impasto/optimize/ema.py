"""Exponential moving average of an image over the steps."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from impasto.imaging.row_bands import map_rows
from impasto.imaging.scratch import forget, large_zeros_like, whole_or_bands


class EMA:
    """Bias-corrected exponential moving average, ``a_t = (d a_{t-1} + (1-d) x_t) / (1 - d^t)``.

    With decay 0 it is the last image. Source: crowsonkb/style-transfer-pytorch, class EMA.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.sum: Tensor | None = None
        self.weight = 0.0

    def update(self, image: Tensor) -> None:
        """Add one image (1,3,h,w)."""
        if self.sum is None:
            self.sum = large_zeros_like(image)
        for first, last in whole_or_bands(image):
            self.sum[:, :, first:last].mul_(self.decay).add_(image[:, :, first:last], alpha=1 - self.decay)
            forget()
        self.weight = self.weight * self.decay + 1 - self.decay

    def value(self, fallback: Tensor) -> Tensor:
        """Return the average in [0, 1], or ``fallback`` before the first update."""
        if self.sum is None:
            return map_rows(lambda rows: rows.clamp(0, 1), fallback.detach())
        return map_rows(lambda rows: (rows / self.weight).clamp_(0, 1), self.sum)

    def state_dict(self) -> dict[str, Any]:
        """Return the live state, as a torch optimiser does."""
        return {"sum": self.sum, "weight": self.weight}

    def load_state_dict(self, state: dict[str, Any], device: torch.device) -> None:
        """Restore what `state_dict` returned, on ``device``; a checkpoint is read to the CPU."""
        self.sum, self.weight = state["sum"], state["weight"]
        if self.sum is not None:
            self.sum = self.sum.to(device)
