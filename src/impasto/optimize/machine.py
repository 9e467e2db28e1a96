"""What this machine can do: free memory and arithmetic rate."""

from __future__ import annotations

import time
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812


def available_memory(device: torch.device) -> int | None:
    """Return the bytes that a run may take on ``device``, or None where that cannot be known."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    candidates = [value for value in (_meminfo(), _cgroup()) if value is not None]
    return min(candidates, default=None)


def _meminfo() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _cgroup() -> int | None:
    folder = Path("/sys/fs/cgroup")
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            most = (folder / limit).read_text(encoding="ascii").strip()
            now = int((folder / used).read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
        if most.isdigit() and int(most) < 1 << 60:
            return max(0, int(most) - now)
    return None


def conv_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Return the multiply-adds a second of a 64-channel 3x3 convolution here, measured in some 20 ms."""
    x = torch.rand(1, 64, 96, 96, device=device, dtype=dtype).contiguous(memory_format=torch.channels_last)
    kernel = torch.rand(64, 64, 3, 3, device=device, dtype=dtype).contiguous(
        memory_format=torch.channels_last
    )
    best = float("inf")
    for _ in range(4):
        start = time.perf_counter()
        F.conv2d(x, kernel, padding=1)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - start)
    return 9 * 64 * 64 * 96 * 96 / best
