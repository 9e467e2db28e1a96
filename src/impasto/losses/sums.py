"""Weighted sums over positions and their gradients, as autograd functions of one matrix product each way.

With X (N, C) the positions by channels of one image and w the weights of a region: first sum Xᵀ w, second sum
Xᵀ diag(w) X, and for their gradients g and G dX = diag(w) (X (G + Gᵀ) + 1 gᵀ). Autograd alone would spend two
products on it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from impasto.losses.position_blocks import PositionBlocks

# Numbers a piece of a feature map has when its sums are taken: 2 MiB in float32, within the cache of two cores.
CHUNK = 1 << 19
# Elsewhere pieces are only to save memory.
LARGE_CHUNK = 1 << 24


def working_dtype(features: Tensor) -> torch.dtype:
    """Return the dtype in which statistics of `features` are kept: float32, or float64 if they are."""
    return torch.promote_types(features.dtype, torch.float32)


def is_channels_last(features: Tensor) -> bool:
    """Return whether the channels of one position of `(B, C, H, W)` lie next to each other in memory."""
    return features.is_contiguous(memory_format=torch.channels_last) and not features.is_contiguous()


def read_sums(features: Tensor, reading: PositionBlocks) -> list[tuple[Tensor, Tensor]]:
    """Return first `(B, C)` and second raw sums `(B, C, C)` of each region of channels-last `features`."""
    flat = _ReadSums.apply(features, reading)  # type: ignore[no-untyped-call]
    return list(zip(flat[: len(flat) // 2], flat[len(flat) // 2 :], strict=True))


def plain_sums(features: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return first `(B, C)` and second raw sums `(B, C, C)` of `features` for one `weight` `(B, 1, H, W)`."""
    first, second = _PlainSums.apply(features, weight)  # type: ignore[no-untyped-call]
    return first, second


class _ReadSums(torch.autograd.Function):
    """The sums of all regions of a reading, in channels-last maps, piece by piece.

    A float32 copy of a full-resolution layer does not fit into the processor's cache; its pieces do (measured:
    a third of the time).
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, reading: PositionBlocks) -> tuple[Tensor, ...]:
        ctx.save_for_backward(features)
        ctx.reading = reading
        dtype = working_dtype(features)
        with torch.autocast(features.device.type, enabled=False):
            found = [_image_sums(rows, reading, dtype) for rows in _positions(features)]
        return tuple(torch.stack(sums) for sums in zip(*found, strict=True))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (features,) = ctx.saved_tensors
        reading: PositionBlocks = ctx.reading
        batch, channels, height, width = features.shape
        regions = len(grads) // 2
        slopes, curves = torch.stack(grads[:regions], dim=1), torch.stack(grads[regions:], dim=1)
        # bfloat16 has the range of float32, and the gradient is rounded to it in any case.
        dtype = features.dtype if features.dtype == torch.bfloat16 else working_dtype(features)
        length = reading.length + (reading.places is not None)
        found = torch.empty(batch, length, channels, dtype=dtype, device=features.device)
        # The last row is the gradient of positions that count nowhere.
        found[:, reading.length :] = 0
        with torch.autocast(features.device.type, enabled=False):
            for rows, slope, curve, out in zip(
                _positions(features), slopes, curves + curves.mT, found, strict=True
            ):
                _image_gradient(rows, reading, slope, curve, out)
        if reading.places is not None:
            found = found.index_select(1, reading.places)
        return found.view(batch, height, width, channels).permute(0, 3, 1, 2).to(features.dtype), None


def _positions(features: Tensor) -> Tensor:
    """Positions by channels `(B, N, C)`: a view of channels-last maps."""
    return features.permute(0, 2, 3, 1).flatten(1, 2)


def _image_sums(rows: Tensor, reading: PositionBlocks, dtype: torch.dtype) -> tuple[Tensor, ...]:
    """The K first `(C,)` and then the K second raw sums `(C, C)` of one image."""
    regions, channels, size = reading.shares.shape[1], rows.shape[1], _piece_size(rows)
    first = torch.zeros(regions, channels, dtype=dtype, device=rows.device)
    second = torch.zeros(regions, channels * channels, dtype=dtype, device=rows.device)
    for start, stop, shares in reading.blocks(size):
        wide = reading.take(rows, start, stop).to(dtype).view(len(shares), -1, channels)
        shares = shares.T.to(dtype)
        first.addmm_(shares, wide.sum(1))
        second.addmm_(shares, torch.bmm(wide.mT, wide).flatten(1))
    second = second.view(regions, channels, channels)
    for start, stop, weights in reading.rest(size):
        wide = reading.take(rows, start, stop).to(dtype)
        weighted = _weighted(wide, weights.to(dtype))
        first += weighted.sum(0).view(regions, channels)
        second += (wide.T @ weighted).view(channels, regions, channels).transpose(0, 1)
    return (*first, *second)


def _image_gradient(rows: Tensor, reading: PositionBlocks, slope: Tensor, curve: Tensor, out: Tensor) -> None:
    """Write the gradient of one image into `out` in the order of reading, from g `(K, C)` and G + Gᵀ `(K, C, C)`."""
    channels, size, dtype = rows.shape[1], _piece_size(rows), out.dtype
    for start, stop, shares in reading.blocks(size):
        taken = reading.take(rows, start, stop).to(dtype).view(len(shares), -1, channels)
        shares = shares.to(slope.dtype)
        slopes = (shares @ slope).to(dtype).unsqueeze(1)
        curves = (shares @ curve.flatten(1)).to(dtype).view(-1, channels, channels)
        torch.baddbmm(slopes, taken, curves, out=out[start:stop].view_as(taken))
    slope, curve = slope.to(dtype), curve.flatten(0, 1).to(dtype)
    for start, stop, weights in reading.rest(size):
        weights = weights.to(dtype)
        weighted = _weighted(reading.take(rows, start, stop).to(dtype), weights)
        torch.addmm(weights @ slope, weighted, curve, out=out[start:stop])


def _piece_size(rows: Tensor) -> int:
    """How many positions of `rows` `(N, C)` make a piece."""
    return max(1, (CHUNK if rows.device.type == "cpu" else LARGE_CHUNK) // rows.shape[1])


def _weighted(rows: Tensor, weights: Tensor) -> Tensor:
    """`rows` `(n, C)` times each column of `weights` `(n, K)`, side by side: `(n, K C)`."""
    count, channels = weights.shape[1], rows.shape[1]
    if count == 1:
        return rows * weights
    found = rows.new_empty(len(rows), count * channels)
    # Column by column: one product that broadcasts over both takes three times as long.
    for index in range(count):
        torch.mul(
            rows, weights[:, index : index + 1], out=found[:, index * channels : (index + 1) * channels]
        )
    return found


class _PlainSums(torch.autograd.Function):
    """The sums for one weight, of batches in either memory layout, each read as it lies."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(features, weight)
        with torch.autocast(features.device.type, enabled=False):
            rows = features.to(working_dtype(features)).flatten(2).transpose(1, 2)
            weighted = rows if weight is None else rows * weight.flatten(2).transpose(1, 2)
            return weighted.sum(1), torch.bmm(weighted.transpose(1, 2), rows)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_first: Tensor, grad_second: Tensor) -> tuple[Tensor, None]:
        features, weight = ctx.saved_tensors
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
        return (grad if weight is None else grad * weight).to(features.dtype), None
