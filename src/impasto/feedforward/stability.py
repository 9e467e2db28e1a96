"""Paintings that do not flicker: a photograph with a little noise is to be painted as without it."""

from __future__ import annotations

import random

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.feedforward.modules.transform import StyleParams
from impasto.feedforward.weights import Network

STRENGTH = 0.02
GRAINS = (1, 2, 3)


def disturbed(photographs: Tensor, rng: random.Random, noise: torch.Generator) -> Tensor:
    """Return `photographs` `(B, 3, h, w)` with noise of a grain of one to three pixels, of deviation `STRENGTH`.

    Nothing is shifted, and each channel keeps its mean but for what is clamped: what is left of two frames of a film
    once motion and light are taken out.
    """
    grain = rng.choice(GRAINS)
    plain = torch.randn(photographs.shape, generator=noise)
    soft = F.avg_pool2d(plain, grain, 1, grain // 2)[..., : plain.shape[2], : plain.shape[3]]
    soft = soft - soft.mean((2, 3), keepdim=True)
    soft = soft * (STRENGTH / soft.std((2, 3), keepdim=True))
    return (photographs + soft).clamp(0, 1)


def steadiness(
    network: Network,
    photographs: Tensor,
    painted: Tensor,
    style_params: StyleParams,
    rng: random.Random,
    noise: torch.Generator,
) -> Tensor:
    """Return the mean squared difference of two paintings of one photograph of the batch: `painted`, and disturbed.

    One of the batch, drawn anew at every step, keeps it cheap. Both paintings learn. No paper's formula is followed.
    """
    chosen = rng.randrange(len(photographs))
    row = slice(chosen, chosen + 1)
    own = StyleParams(
        tuple(x[row] for x in style_params.matrices), tuple(x[row] for x in style_params.shifts)
    )
    other = disturbed(photographs[row], rng, noise).contiguous(memory_format=torch.channels_last)
    return (painted[row].float() - network(other, own).float()).square().mean()
