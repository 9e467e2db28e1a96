"""Instance normalisation and modulation of features."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

EPSILON = 1e-5


class Modulation:
    """Instance normalisation followed by ``x -> M x + b``: AdaIN with a full matrix.

    `index` is the number of the modulated layer; subclasses keep statistics or style parameters by it.
    """

    def normalise(self, x: Tensor, index: int) -> Tensor:
        """Return ``(x - mean) / sqrt(variance + epsilon)`` of `x` `(B, C, h, w)`, per image and channel."""
        del index
        normalised: Tensor = InstanceNorm.apply(x)  # type: ignore[no-untyped-call]
        return normalised

    def modulate(self, x: Tensor, matrix: Tensor, shift: Tensor, index: int) -> Tensor:
        """Return ``matrix x + shift`` of `x` after normalisation; subclasses may fuse both steps."""
        return self.affine(self.normalise(x, index), matrix, shift, index)

    def affine(self, x: Tensor, matrix: Tensor, shift: Tensor, index: int) -> Tensor:
        """Return ``matrix x + shift`` of normalised `x`; subclasses may blend several styles by region."""
        del index
        return apply_matrix(x, matrix, shift)


class InstanceNorm(torch.autograd.Function):
    """Instance normalisation whose gradient keeps the channels-last layout.

    PyTorch's own gradient is ten times slower on a CPU for channels-last bfloat16.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Return normalised `x` `(B, C, h, w)`."""
        batch, channels, height, width = x.shape
        # One group per channel: PyTorch's instance norm would copy channels-last features back and forth.
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
        projection = (gradient * y).mean((2, 3), keepdim=True, dtype=torch.float32).to(y.dtype)
        scale = inverse.view(*y.shape[:2], 1, 1).to(y.dtype)
        result: Tensor = (gradient - mean).addcmul_(y, projection, value=-1).mul_(scale)
        return result


def apply_matrix(x: Tensor, matrix: Tensor, shift: Tensor) -> Tensor:
    """Return ``matrix x + shift`` at every position of `x` `(B, C, h, w)`.

    `matrix` is `(B, C, C)`, or `(B, C)` for a diagonal one, and `shift` `(B, C)`; a batch of 1 is broadcast.
    """
    if matrix.ndim == 2:
        return x * matrix[:, :, None, None].to(x.dtype) + shift[:, :, None, None].to(x.dtype)
    batch, channels, height, width = x.shape
    rows = x.permute(0, 2, 3, 1).reshape(batch, height * width, channels)  # (B, h*w, C)
    mixed = torch.matmul(rows, matrix.transpose(1, 2).to(x.dtype)) + shift[:, None].to(x.dtype)
    return mixed.view(batch, height, width, -1).permute(0, 3, 1, 2)
