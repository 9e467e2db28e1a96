"""Weighted sums over positions as autograd functions, with one matrix product forward and one backward.

With X (N, C) the positions by channels of one image and w the weights of a region: first sum Xᵀ w, second sum
Xᵀ diag(w) X. For their gradients g and G, dX = diag(w) (X (G + Gᵀ) + 1 gᵀ). Plain autograd would need two products
for it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from impasto.losses.position_blocks import PositionBlocks

# Numbers in a chunk of a feature map: 2 MiB in float32, which fits into the cache of two cores.
CHUNK = 1 << 19
# On other devices chunks only save memory.
LARGE_CHUNK = 1 << 24


def working_dtype(features: Tensor) -> torch.dtype:
    """Return the dtype for statistics of `features`: float32, or float64 for float64 features."""
    return torch.promote_types(features.dtype, torch.float32)


def is_channels_last(features: Tensor) -> bool:
    """Return whether features `(B, C, H, W)` are stored in channels-last order."""
    return features.is_contiguous(memory_format=torch.channels_last) and not features.is_contiguous()


def block_sums(features: Tensor, blocks: PositionBlocks) -> list[tuple[Tensor, Tensor]]:
    """Return first `(B, C)` and second raw sums `(B, C, C)` of each region of channels-last `features`."""
    flat = _BlockSums.apply(features, blocks)  # type: ignore[no-untyped-call]
    return list(zip(flat[: len(flat) // 2], flat[len(flat) // 2 :], strict=True))


def dense_sums(features: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return first `(B, C)` and second raw sums `(B, C, C)` of `features` for one `mask` `(B, 1, H, W)`."""
    first, second = _DenseSums.apply(features, mask)  # type: ignore[no-untyped-call]
    return first, second


class _BlockSums(torch.autograd.Function):
    """The sums of all regions of a block layout, for channels-last maps, computed in chunks.

    A float32 copy of a full-resolution layer does not fit into the processor's cache; its chunks do (measured: a third
    of the time).
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, blocks: PositionBlocks) -> tuple[Tensor, ...]:
        ctx.save_for_backward(features)
        ctx.blocks = blocks
        dtype = working_dtype(features)
        with torch.autocast(features.device.type, enabled=False):
            per_image = [_image_sums(rows, blocks, dtype) for rows in _positions(features)]
        return tuple(torch.stack(sums) for sums in zip(*per_image, strict=True))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (features,) = ctx.saved_tensors
        blocks: PositionBlocks = ctx.blocks
        batch, channels, height, width = features.shape
        regions = len(grads) // 2
        first_grads, second_grads = torch.stack(grads[:regions], dim=1), torch.stack(grads[regions:], dim=1)
        # bfloat16 has the range of float32, and the gradient is rounded to it in any case.
        dtype = features.dtype if features.dtype == torch.bfloat16 else working_dtype(features)
        length = blocks.length + (blocks.places is not None)
        grad = torch.empty(batch, length, channels, dtype=dtype, device=features.device)
        # The last row is the gradient of positions without weight.
        grad[:, blocks.length :] = 0
        with torch.autocast(features.device.type, enabled=False):
            for rows, first_grad, symmetric, out in zip(
                _positions(features), first_grads, second_grads + second_grads.mT, grad, strict=True
            ):
                _image_gradient(rows, blocks, first_grad, symmetric, out)
        if blocks.places is not None:
            grad = grad.index_select(1, blocks.places)
        return grad.view(batch, height, width, channels).permute(0, 3, 1, 2).to(features.dtype), None


def _positions(features: Tensor) -> Tensor:
    """Positions by channels `(B, N, C)`: a view of channels-last maps."""
    return features.permute(0, 2, 3, 1).flatten(1, 2)


def _image_sums(rows: Tensor, blocks: PositionBlocks, dtype: torch.dtype) -> tuple[Tensor, ...]:
    """The K first `(C,)` and then the K second raw sums `(C, C)` of one image."""
    regions, channels, size = blocks.block_weights.shape[1], rows.shape[1], _chunk_size(rows)
    first = torch.zeros(regions, channels, dtype=dtype, device=rows.device)
    second = torch.zeros(regions, channels * channels, dtype=dtype, device=rows.device)
    for start, stop, block_weights in blocks.blocks(size):
        wide = blocks.take(rows, start, stop).to(dtype).view(len(block_weights), -1, channels)
        block_weights = block_weights.T.to(dtype)
        first.addmm_(block_weights, wide.sum(1))
        second.addmm_(block_weights, torch.bmm(wide.mT, wide).flatten(1))
    second = second.view(regions, channels, channels)
    for start, stop, weights in blocks.rest(size):
        wide = blocks.take(rows, start, stop).to(dtype)
        weighted = _weighted(wide, weights.to(dtype))
        first += weighted.sum(0).view(regions, channels)
        second += (wide.T @ weighted).view(channels, regions, channels).transpose(0, 1)
    return (*first, *second)


def _image_gradient(
    rows: Tensor, blocks: PositionBlocks, first_grad: Tensor, symmetric: Tensor, out: Tensor
) -> None:
    """Write the gradient of one image into `out` in block order.

    `first_grad` is g `(K, C)` and `symmetric` is G + Gᵀ `(K, C, C)`.
    """
    channels, size, dtype = rows.shape[1], _chunk_size(rows), out.dtype
    for start, stop, block_weights in blocks.blocks(size):
        taken = blocks.take(rows, start, stop).to(dtype).view(len(block_weights), -1, channels)
        block_weights = block_weights.to(first_grad.dtype)
        first = (block_weights @ first_grad).to(dtype).unsqueeze(1)
        second = (block_weights @ symmetric.flatten(1)).to(dtype).view(-1, channels, channels)
        torch.baddbmm(first, taken, second, out=out[start:stop].view_as(taken))
    first_grad, symmetric = first_grad.to(dtype), symmetric.flatten(0, 1).to(dtype)
    for start, stop, weights in blocks.rest(size):
        weights = weights.to(dtype)
        weighted = _weighted(blocks.take(rows, start, stop).to(dtype), weights)
        torch.addmm(weights @ first_grad, weighted, symmetric, out=out[start:stop])


def _chunk_size(rows: Tensor) -> int:
    """Return the number of positions of `rows` `(N, C)` in a chunk."""
    return max(1, (CHUNK if rows.device.type == "cpu" else LARGE_CHUNK) // rows.shape[1])


def _weighted(rows: Tensor, weights: Tensor) -> Tensor:
    """`rows` `(n, C)` times each column of `weights` `(n, K)`, side by side: `(n, K C)`."""
    count, channels = weights.shape[1], rows.shape[1]
    if count == 1:
        return rows * weights
    weighted = rows.new_empty(len(rows), count * channels)
    # Column by column: one broadcast product over both axes takes three times as long.
    for index in range(count):
        torch.mul(
            rows, weights[:, index : index + 1], out=weighted[:, index * channels : (index + 1) * channels]
        )
    return weighted


class _DenseSums(torch.autograd.Function):
    """The sums for one mask, for batches in either memory format."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(features, mask)
        with torch.autocast(features.device.type, enabled=False):
            rows = features.to(working_dtype(features)).flatten(2).transpose(1, 2)
            weighted = rows if mask is None else rows * mask.flatten(2).transpose(1, 2)
            return weighted.sum(1), torch.bmm(weighted.transpose(1, 2), rows)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_first: Tensor, grad_second: Tensor) -> tuple[Tensor, None]:
        features, mask = ctx.saved_tensors
        symmetric = grad_second + grad_second.transpose(1, 2)
        batch, channels, height, width = features.shape
        wide = features if features.dtype == torch.bfloat16 else features.to(working_dtype(features))
        symmetric, grad_first = symmetric.to(wide.dtype), grad_first.to(wide.dtype)
        rows = wide.flatten(2).transpose(1, 2)
        with torch.autocast(features.device.type, enabled=False):
            if is_channels_last(features):
                grad = torch.baddbmm(grad_first.unsqueeze(1), rows, symmetric)
                grad = grad.view(batch, height, width, channels).permute(0, 3, 1, 2)
            else:
                grad = torch.baddbmm(grad_first.unsqueeze(2), symmetric, rows.transpose(1, 2))
                grad = grad.view(features.shape)
        return (grad if mask is None else grad * mask).to(features.dtype), None
