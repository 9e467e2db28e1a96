"""Settings of the process that make large tensors quick."""

from __future__ import annotations

import ctypes
import sys

import torch

# glibc's malloc.h
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4


def tune_process() -> None:
    """Set what makes a run fast: denormals become zero, and freed tensors stay with the process.

    Without the second, glibc gives each large tensor back to the kernel and every step faults all its pages in
    again; that cost up to half of a step's time. Has no effect outside Linux with glibc.
    """
    torch.set_flush_denormal(True)
    if sys.platform == "linux":
        try:
            libc = ctypes.CDLL(None)
            libc.mallopt(M_MMAP_MAX, 0)
            libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
            libc.mallopt(M_TOP_PAD, 64 << 20)
        except (OSError, AttributeError):  # another C library: slower, nothing else
            return
