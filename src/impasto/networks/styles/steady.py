"""Paintings that do not flicker: a photograph with a little noise is to be painted as without it."""

from __future__ import annotations

import random

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.networks.fast.body import Code
from impasto.networks.fast.model import Network

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
    network: Network, photographs: Tensor, code: Code, rng: random.Random, noise: torch.Generator
) -> Tensor:
    """Return the mean squared difference of the paintings of one photograph of the batch, as it is and disturbed.

    One of the batch, drawn anew at every step, keeps it cheap. Both paintings learn. No paper's formula is followed.
    """
    chosen = rng.randrange(len(photographs))
    one = photographs[chosen : chosen + 1]
    own = Code(
        tuple(x[chosen : chosen + 1].expand(2, *x.shape[1:]) for x in code.matrices),
        tuple(x[chosen : chosen + 1].expand(2, *x.shape[1:]) for x in code.shifts),
    )
    both = torch.cat([one, disturbed(one, rng, noise)]).contiguous(memory_format=torch.channels_last)
    painted = network(both, own)
    return (painted[:1].float() - painted[1:].float()).square().mean()
