"""Arrays and tensors in files: large data that need not stay in memory. Importing this module does not import torch."""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import numpy

from impasto.errors import OutputError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

# Smaller arrays and tensors stay in memory.
LEAST_BYTES = 256 << 20
# Rows of large images are changed in bands of about this share of `LEAST_BYTES`.
BAND_SHARE = 16
FOLDER_VARIABLE = "IMPASTO_SCRATCH"
_MAPS: WeakSet[mmap.mmap] = WeakSet()


def is_large(size: int) -> bool:
    """Return whether data of ``size`` bytes on the CPU lie in a file."""
    return size >= LEAST_BYTES


def lies_in_file(tensor: Tensor) -> bool:
    """Return whether the functions of this module put a tensor like ``tensor`` into a file."""
    return tensor.device.type == "cpu" and is_large(tensor.numel() * tensor.element_size())


def large_array(shape: tuple[int, ...], dtype: Any) -> numpy.ndarray[Any, Any]:
    """Return an empty array, in a file if it has at least 256 MiB; raises OutputError as `large_empty`."""
    size = prod(shape) * numpy.dtype(dtype).itemsize
    if not is_large(size):
        return numpy.empty(shape, dtype)
    return numpy.frombuffer(_mapped(size), dtype=dtype).reshape(shape)


def large_empty(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return an empty tensor, in a file if it is on the CPU and has at least 256 MiB.

    The file lies in the folder `IMPASTO_SCRATCH`, by default that for temporary files, and has no name: it
    disappears with the process, however that ends. Raises OutputError where there is no room for it.
    """
    import torch

    count = prod(shape)
    size = count * dtype.itemsize
    if device.type != "cpu" or not is_large(size):
        return torch.empty(shape, dtype=dtype, device=device)
    with torch.inference_mode(False):  # so that it can be changed outside of inference
        return torch.frombuffer(_mapped(size), dtype=dtype, count=count).view(shape)


def _mapped(size: int) -> mmap.mmap:
    """Return the memory map of a new file without a name; raises OutputError where there is no room for it."""
    folder = os.environ.get(FOLDER_VARIABLE) or tempfile.gettempdir()
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            if hasattr(os, "posix_fallocate"):  # otherwise a full disk would end the process later
                os.posix_fallocate(file.fileno(), 0, size)
            else:
                file.truncate(size)
            mapped = mmap.mmap(file.fileno(), size)
    except OSError as error:
        raise OutputError(
            f"There is no room for {size / 1e9:.1f} GB of temporary data in '{folder}' ({error.strerror}); free some "
            f"space, or name another folder in {FOLDER_VARIABLE}."
        ) from error
    _MAPS.add(mapped)
    return mapped


def large_zeros_like(tensor: Tensor) -> Tensor:
    """Return zeros of the shape, dtype and device of ``tensor``, in a file as `large_empty`."""
    return large_zeros(tuple(tensor.shape), tensor.dtype, tensor.device)


def large_zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return zeros, in a file as `large_empty`."""
    zeros = large_empty(shape, dtype, device)
    for band in _bands_of(zeros):
        band.zero_()
        forget()
    return zeros


def large_copy(tensor: Tensor) -> Tensor:
    """Return a copy of a tensor, in a file as `large_empty`; small tensors are cloned."""
    if not lies_in_file(tensor):
        return tensor.detach().clone()
    copy = large_empty(tuple(tensor.shape), tensor.dtype, tensor.device)
    for target, source in zip(_bands_of(copy), _bands_of(tensor.detach()), strict=True):
        target.copy_(source)
        forget()
    return copy


def _bands_of(tensor: Tensor) -> list[Tensor]:
    if tensor.ndim < 2:
        return [tensor]
    return [tensor[..., first:last, :] for first, last in whole_or_bands(tensor)]


def in_order(tensor: Tensor) -> Iterator[Tensor]:
    """Yield the values of ``tensor`` (...,H,W) in C order, in contiguous pieces that are forgotten one by one."""
    height, width = tensor.shape[-2:]
    for plane in tensor.reshape(-1, height, width):
        for first, last in whole_or_bands(plane):
            yield plane[first:last].contiguous()
            forget()


def whole_or_bands(image: Tensor, *, whole: bool = False) -> list[tuple[int, int]]:
    """Return first and last row (excluded) of the bands in which ``image`` (...,H,W) is changed.

    It is one band unless the image is large, and always with ``whole``.
    """
    height = image.shape[-2]
    if whole:
        return [(0, height)]
    return row_bands(height, image.element_size() * image.numel() // max(1, height))


def row_bands(height: int, row_bytes: int) -> list[tuple[int, int]]:
    """Return the bands of an image of ``height`` rows of ``row_bytes``; one band unless it is large."""
    if not is_large(height * row_bytes):
        return [(0, height)]
    rows = max(1, LEAST_BYTES // BAND_SHARE // max(1, row_bytes))
    return [(first, min(first + rows, height)) for first in range(0, height, rows)]


def forget() -> None:
    """Let all arrays and tensors in files leave the memory of the process; their content stays."""
    for mapped in list(_MAPS):
        with contextlib.suppress(AttributeError, OSError, ValueError):  # another system, or closed
            mapped.madvise(mmap.MADV_DONTNEED)
