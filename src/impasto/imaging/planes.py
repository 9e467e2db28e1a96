"""Pictures as numpy arrays. Importing this module does not import torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy

from impasto.errors import PictureError

Array = numpy.ndarray[Any, numpy.dtype[numpy.float32]]


class PictureWarning(UserWarning):
    """Part of a picture file was ignored; the message says which."""


@dataclass(frozen=True, eq=False)
class Planes:
    """A picture in arrays: `pixels` float32 `(1, 3, H, W)` sRGB in [0, 1], and `alpha` `(1, 1, H, W)` or None.

    `bits` is the depth of the source, `name` the stem of its file, and `path` the file. `Picture` holds the same in
    tensors.
    """

    pixels: Array
    alpha: Array | None
    bits: Literal[8, 16]
    name: str
    path: Path | None = None


def from_planes(planes: Array, bits: Literal[8, 16], name: str, path: Path | None = None) -> Planes:
    """Split float32 `(1, C, H, W)` into colour and alpha.

    Grey (C = 1, 2) is repeated; with C = 2 or 4 the last channel is alpha.
    """
    channels = planes.shape[1]
    alpha = numpy.ascontiguousarray(planes[:, -1:]) if channels in (2, 4) else None
    color = planes[:, :1].repeat(3, axis=1) if channels < 3 else planes[:, :3]
    return Planes(numpy.ascontiguousarray(color), alpha, bits, name, path)


def from_array(array: numpy.ndarray[Any, Any], name: str = "picture") -> Planes:
    """Turn `(H, W)` or `(H, W, 1|3|4)` of uint8, uint16 or float in [0, 1] into Planes.

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
    return from_planes(channels_first(values.reshape(*array.shape[:2], -1)), depth, name)


def channels_first(values: numpy.ndarray[Any, Any]) -> numpy.ndarray[Any, Any]:
    """Return a view `(1, C, H, W)` of `(H, W, C)`."""
    return values.transpose(2, 0, 1)[None]


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
