"""Tensors in files: large data that is read seldom and need not stay in memory."""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
from math import prod
from weakref import WeakSet

import torch
from torch import Tensor

from impasto.errors import OutputError

# Smaller tensors stay in memory.
LEAST_BYTES = 256 << 20
FOLDER_VARIABLE = "IMPASTO_SCRATCH"
_MAPS: WeakSet[mmap.mmap] = WeakSet()


def large_empty(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return an empty tensor, in a file if it is on the CPU and has at least 256 MiB.

    The file lies in the folder `IMPASTO_SCRATCH`, by default that for temporary files, and has no name: it
    disappears with the process, however that ends. Raises OutputError where there is no room for it.
    """
    count = prod(shape)
    size = count * torch.empty((), dtype=dtype).element_size()
    if device.type != "cpu" or size < LEAST_BYTES:
        return torch.empty(shape, dtype=dtype, device=device)
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
    return torch.frombuffer(mapped, dtype=dtype, count=count).view(shape)


def large_zeros_like(tensor: Tensor) -> Tensor:
    """Return zeros of the shape, dtype and device of ``tensor``, in a file as `large_empty`."""
    zeros = large_empty(tuple(tensor.shape), tensor.dtype, tensor.device)
    zeros.zero_()
    forget()
    return zeros


def whole_or_bands(image: Tensor, *, whole: bool = False) -> list[tuple[int, int]]:
    """Return first and last row (excluded) of the bands in which ``image`` (B,C,H,W) is changed.

    It is one band unless the image is large, and always with ``whole``.
    """
    height = image.shape[2]
    if whole or image.numel() * image.element_size() < LEAST_BYTES:
        return [(0, height)]
    rows = max(1, LEAST_BYTES // 8 // (image.element_size() * image.numel() // height))
    return [(first, min(first + rows, height)) for first in range(0, height, rows)]


def large_copy(tensor: Tensor) -> Tensor:
    """Return a copy of a tensor, in a file as `large_empty`; small tensors are cloned."""
    if tensor.device.type != "cpu" or tensor.numel() * tensor.element_size() < LEAST_BYTES:
        return tensor.detach().clone()
    copy = large_empty(tuple(tensor.shape), tensor.dtype, tensor.device)
    copy.copy_(tensor.detach())
    forget()
    return copy


def forget() -> None:
    """Let all tensors in files leave the memory of the process; their content stays."""
    for mapped in list(_MAPS):
        with contextlib.suppress(AttributeError, OSError, ValueError):  # another system, or closed
            mapped.madvise(mmap.MADV_DONTNEED)
