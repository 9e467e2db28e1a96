"""Adam for one image.

It computes the same numbers as torch.optim.Adam (a test compares them). Creating any torch.optim optimiser imports
torch's compiler, which takes 0.8 s: a quarter of a draft.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.imaging.blur import blur
from impasto.imaging.imagenet import IMAGENET_STD
from impasto.imaging.row_bands import large_image, resize_in_bands
from impasto.imaging.scratch import forget, large_zeros_like, whole_or_bands
from impasto.optimize.optimizers.base import Evaluation, ImageOptimizer

EPSILON = 1e-8
# Size of one unit of the optimised pixels, by channel, in pixel values from 0 to 1.
PIXEL_UNITS: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "unit": (1.0, 1.0, 1.0),
        "byte": (1 / 255, 1 / 255, 1 / 255),
        "normalised": IMAGENET_STD,
    }
)


class Adam(ImageOptimizer):
    """``m = b1 m + (1-b1) g``, ``v = b2 v + (1-b2) g^2``, ``x -= lr m' / (sqrt(v') + 1e-8)``, bias-corrected.

    Source: Kingma & Ba 2015, algorithm 1. With ``pixel_units`` u it optimises x / u instead of x: the gradient is
    multiplied by u, and so is the step.

    With ``smooth_steps`` the step is blurred by (1, 2, 1) / 4 along both axes. Deviation: a gradient through strided
    layers has patterns of period 2 and the division by ``sqrt(v')`` enlarges them; the blur is 0 at that frequency
    (checkerboard index after 20 steps .95 without it and .18 with it; STYLE5 .72 and .75).
    """

    def __init__(
        self,
        image: Tensor,
        betas: tuple[float, float],
        pixel_units: str = "unit",
        smooth_steps: bool = False,
        seamless: bool = False,
    ) -> None:
        self.image = image
        self.betas = betas
        self.smooth_steps = smooth_steps
        self.seamless = seamless
        self.units = (
            None if pixel_units == "unit" else image.new_tensor(PIXEL_UNITS[pixel_units]).view(1, 3, 1, 1)
        )
        self.steps = 0
        self.first = large_zeros_like(image)
        self.second = large_zeros_like(image)

    def step(self, evaluate: Callable[[], Evaluation], learning_rate: float) -> Evaluation:
        """Take one step and return the evaluation before it; see `ImageOptimizer`."""
        evaluation = evaluate()
        gradient = self.image.grad
        if gradient is None:
            return evaluation
        self.steps += 1
        # Large images are changed in bands of rows, which need less memory and give the same numbers.
        bands = whole_or_bands(self.image, whole=self.seamless)
        with torch.no_grad():
            for first, last in bands:
                self._update_moments(gradient[:, :, first:last], slice(first, last))
            for first, last in bands:
                self._move(first, last, learning_rate / (1 - self.betas[0] ** self.steps))
        return evaluation

    def _update_moments(self, gradient: Tensor, rows: slice) -> None:
        b1, b2 = self.betas
        if self.units is not None:
            gradient = gradient * self.units
        self.first[:, :, rows].lerp_(gradient, 1 - b1)
        self.second[:, :, rows].mul_(b2).addcmul_(gradient, gradient, value=1 - b2)
        forget()

    def _move(self, first: int, last: int, step_size: float) -> None:
        """Change rows ``first`` to ``last`` (excluded) of the image by a step along the moments."""
        # The blur reads one more row on either side.
        low, high = max(first - 1, 0), min(last + 1, self.image.shape[2])
        rows = slice(low, high) if self.smooth_steps else slice(first, last)
        denominator = (self.second[:, :, rows].sqrt() / math.sqrt(1 - self.betas[1] ** self.steps)).add_(
            EPSILON
        )
        direction = self.first[:, :, rows]
        if self.units is not None:
            direction = direction * self.units
        image = self.image[:, :, first:last]
        if self.smooth_steps:
            step = blur(direction / denominator, wrap=self.seamless)
            image.sub_(step[:, :, first - low : last - low], alpha=step_size)
        else:
            image.addcdiv_(direction, denominator, value=-step_size)
        forget()

    def carry_from(self, other: ImageOptimizer) -> None:
        """Take over the moments of ``other``, resized to this image, with its step count.

        The first moment is resized bicubically, the second bilinearly and clipped at 0. Source:
        crowsonkb/style-transfer-pytorch, scale_adam.
        """
        assert isinstance(other, Adam)
        size = (self.image.shape[2], self.image.shape[3])
        self.steps = other.steps
        if large_image(self.image):
            self.first = resize_in_bands(other.first, size, "bicubic")
            self.second = resize_in_bands(other.second, size, "bilinear")
        else:
            self.first = F.interpolate(other.first, size, mode="bicubic")
            self.second = F.interpolate(other.second, size, mode="bilinear").relu_()

    def state_dict(self) -> dict[str, Any]:
        """Return the live moments and the step count."""
        return {"steps": self.steps, "first": self.first, "second": self.second}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self.steps = int(state["steps"])
        self.first = state["first"].to(self.image.device)
        self.second = state["second"].to(self.image.device)
