"""Stability loss against flicker: a little noise in the photograph must not change the painted picture."""

from __future__ import annotations

import random

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.feedforward.modules.transform import StyleParams
from impasto.feedforward.weights import Network
from impasto.training.distributed import DataParallel

STRENGTH = 0.02
GRAINS = (1, 2, 3)


def add_noise(photographs: Tensor, rng: random.Random, noise: torch.Generator) -> Tensor:
    """Return `photographs` `(B, 3, h, w)` with noise of a grain of one to three pixels and deviation `STRENGTH`.

    Nothing is shifted, and each channel keeps its mean except for clamping. Two video frames differ like this after
    compensation of motion and light.
    """
    grain = rng.choice(GRAINS)
    white = torch.randn(photographs.shape, generator=noise)
    soft = F.avg_pool2d(white, grain, 1, grain // 2)[..., : white.shape[2], : white.shape[3]]
    soft = soft - soft.mean((2, 3), keepdim=True)
    soft = soft * (STRENGTH / soft.std((2, 3), keepdim=True))
    return (photographs + soft.to(photographs.device)).clamp(0, 1)


class StabilityLoss:
    """Mean squared difference of one random photograph of the batch painted with and without noise.

    One photograph a step keeps the cost low. The gradient flows into both painted pictures. This is not a paper's
    formula.
    """

    def __init__(self, rng: random.Random, noise: torch.Generator, parallel: DataParallel) -> None:
        self.rng = rng
        self.noise = noise
        self.parallel = parallel

    def __call__(
        self,
        network: Network,
        photographs: Tensor,
        painted: Tensor,
        style_params: StyleParams,
        batch: int,
        rows: slice,
    ) -> Tensor:
        """Return the loss for `photographs` and `painted` `(B, 3, h, w)`, the `rows` of a `batch` in this process.

        A process that does not hold the chosen photograph returns 0; the one that does multiplies by the number of
        processes, so that the mean over processes is the loss.
        """
        chosen = self.rng.randrange(batch)
        # Every process draws the same noise, so that the generators stay equal; without the photograph any row will do.
        index = min(max(chosen - rows.start, 0), len(photographs) - 1)
        row = slice(index, index + 1)
        noisy = add_noise(photographs[row], self.rng, self.noise)
        if not rows.start <= chosen < rows.stop:
            return painted.new_zeros((), dtype=torch.float32)
        noisy = noisy.contiguous(memory_format=torch.channels_last)
        params = StyleParams(
            tuple(x[row] for x in style_params.matrices), tuple(x[row] for x in style_params.shifts)
        )
        change = (painted[row].float() - network(noisy, params).float()).square().mean()
        return change if self.parallel.size == 1 else change * self.parallel.size
