"""Normalisation of features channel by channel, whose statistics can be kept from one picture for its tiles."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

EPSILON = 1e-5


class Norms:
    """Instance normalisation: each channel of each picture to mean 0 and variance 1.

    The `site` tells the places of a network apart; subclasses keep statistics by it.
    """

    def normalise(self, x: Tensor, site: int) -> Tensor:
        """Return ``(x - mean) / sqrt(variance + epsilon)`` of `x` `(B, C, h, w)`."""
        del site
        found: Tensor = InstanceNorm.apply(x)  # type: ignore[no-untyped-call]
        return found

    def restyle(self, x: Tensor, matrix: Tensor, shift: Tensor, site: int) -> Tensor:
        """Return `x` normalised and mixed; subclasses may do both at once."""
        return self.mix(self.normalise(x, site), matrix, shift, site)

    def mix(self, x: Tensor, matrix: Tensor, shift: Tensor, site: int) -> Tensor:
        """Return ``matrix x + shift`` of normalised `x`; subclasses may paint several codes by regions."""
        del site
        return mix_channels(x, matrix, shift)


class InstanceNorm(torch.autograd.Function):
    """Instance normalisation whose gradient keeps the channels-last layout.

    Written out because torch's own gradient of it is ten times slower on a CPU for channels-last bfloat16.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Return normalised `x` `(B, C, h, w)`."""
        batch, channels, height, width = x.shape
        # A group a channel: torch's instance norm would copy channels-last features back and forth.
        y, _, inverse = torch.native_group_norm(
            x, None, None, batch, channels, height * width, channels, EPSILON
        )
        ctx.save_for_backward(y, inverse)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """Return ``(g - mean(g) - y mean(g y)) / deviation``."""
        y, inverse = ctx.saved_tensors
        mean = gradient.mean((2, 3), keepdim=True, dtype=torch.float32).to(y.dtype)
        along = (gradient * y).mean((2, 3), keepdim=True, dtype=torch.float32).to(y.dtype)
        scale = inverse.view(*y.shape[:2], 1, 1).to(y.dtype)
        found: Tensor = (gradient - mean).addcmul_(y, along, value=-1).mul_(scale)
        return found


def mix_channels(x: Tensor, matrix: Tensor, shift: Tensor) -> Tensor:
    """Return ``matrix x + shift`` at every position of `x` `(B, C, h, w)`; a code of one serves every picture."""
    if matrix.ndim == 2:
        return x * matrix[:, :, None, None].to(x.dtype) + shift[:, :, None, None].to(x.dtype)
    batch, channels, height, width = x.shape
    rows = x.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
    mixed = torch.matmul(rows, matrix.transpose(1, 2).to(x.dtype)) + shift[:, None].to(x.dtype)
    return mixed.view(batch, height, width, -1).permute(0, 3, 1, 2)
