"""Pictures from numpy arrays and torch tensors."""

from __future__ import annotations

from typing import Any, Literal

import numpy
import torch

from impasto.errors import PictureError
from impasto.imaging.picture import Picture


def from_array(array: numpy.ndarray[Any, Any], name: str = "picture") -> Picture:
    """Turn `(H, W)` or `(H, W, 1|3|4)` of uint8, uint16 or float in [0, 1] into a Picture.

    The fourth channel is alpha. Raises PictureError for other ranks, types, channel counts, empty arrays and
    floats that are not finite or leave [0, 1].
    """
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise PictureError(
            f"A numpy picture has shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), not {array.shape}."
        )
    if array.size == 0:
        raise PictureError(f"The array is empty (shape {array.shape}); a picture has at least one pixel.")
    depth: Literal[8, 16] = 16
    if array.dtype == numpy.uint8:
        values, depth = array.astype(numpy.float32) / numpy.float32(255), 8
    elif array.dtype == numpy.uint16:
        values = array.astype(numpy.float32) / numpy.float32(65535)
    elif numpy.issubdtype(array.dtype, numpy.floating):
        check_range(float(array.min()), float(array.max()), "array")
        values = array.astype(numpy.float32)
    else:
        raise PictureError(
            f"A numpy picture is uint8, uint16 or float in [0, 1], not {array.dtype}; convert it first."
        )
    planes = torch.from_numpy(values.reshape(*array.shape[:2], -1)).permute(2, 0, 1)[None]
    return from_planes(planes, depth, name)


def from_tensor(tensor: torch.Tensor) -> Picture:
    """Turn `(H, W)`, `(C, H, W)` or `(1, C, H, W)` of uint8 or float in [0, 1] into a Picture.

    C is 1, 3 or 4, the fourth is alpha. The result is a detached copy on the CPU. Raises PictureError as
    `from_array`.
    """
    shape = tuple(tensor.shape)
    planes = tensor.detach().cpu()
    if planes.ndim in (2, 3):
        planes = planes[(None,) * (4 - planes.ndim)]
    if planes.ndim != 4 or planes.shape[0] != 1 or planes.shape[1] not in (1, 3, 4):
        raise PictureError(
            f"A tensor picture has shape (C, H, W) or (1, C, H, W) with C = 1, 3 or 4, not {shape}."
        )
    if planes.numel() == 0:
        raise PictureError(f"The tensor is empty (shape {shape}); a picture has at least one pixel.")
    if planes.dtype == torch.uint8:
        return from_planes(planes.float() / 255.0, 8, "picture")
    if not planes.is_floating_point():
        raise PictureError(
            f"A tensor picture is uint8 or float in [0, 1], not {tensor.dtype}; convert it first."
        )
    check_range(planes.min().item(), planes.max().item(), "tensor")
    return from_planes(planes.float(), 16, "picture")


def from_planes(planes: torch.Tensor, bits: Literal[8, 16], name: str) -> Picture:
    """Split float32 `(1, C, H, W)` into a Picture.

    Grey (C = 1, 2) is repeated; with C = 2 or 4 the last channel is alpha.
    """
    channels = planes.shape[1]
    alpha = planes[:, -1:].clone() if channels in (2, 4) else None
    color = planes[:, :1].expand(-1, 3, -1, -1) if channels < 3 else planes[:, :3]
    copied = color.clone(memory_format=torch.contiguous_format)
    return Picture(copied, alpha, bits, name)


def check_range(lowest: float, highest: float, what: str) -> None:
    """Raise PictureError unless both numbers are finite and in [0, 1]; a NaN anywhere makes both NaN."""
    if not (numpy.isfinite(lowest) and numpy.isfinite(highest)):
        raise PictureError(
            f"The {what} contains values that are not finite (NaN or infinity); remove them first."
        )
    if lowest < 0.0 or highest > 1.0:
        raise PictureError(
            f"Float values of a picture lie in [0, 1], but the {what} reaches from {lowest:.6g}"
            f" to {highest:.6g}; scale it first."
        )
