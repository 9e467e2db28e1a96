"""Speed of an encoder on this machine, measured a few times and kept in the user's cache."""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
import time
from collections.abc import Sequence
from pathlib import Path

import platformdirs
import torch

from impasto.encoders import Encoder
from impasto.imaging import write_text_atomic
from impasto.losses.statistics import moment_sums

VERSION = 3
# Side of the measured image, and how often its gradient is taken; the fastest counts.
SIDE, REPEATS = 256, 4
MEASUREMENTS = 3
RENEWAL_SECONDS = 24 * 3600.0

_measured_here: set[Path] = set()


def gradient_speed(encoder: Encoder, layers: Sequence[str], device: torch.device) -> float:
    """Return the multiply-adds per second of a gradient with respect to the image through ``layers``.

    Forward and backward pass count as many multiply-adds each. The cache keeps the last `MEASUREMENTS` for each
    encoder, number format, device and number of threads, of which the fastest counts: a busy machine disturbs some of
    them. A process measures at most once, where some are missing or the last one is older than `RENEWAL_SECONDS`.
    """
    path = _path(encoder, layers, device)
    speeds, is_recent = _stored(path)
    if speeds and (path in _measured_here or (is_recent and len(speeds) >= MEASUREMENTS)):
        return max(speeds)
    _measured_here.add(path)
    speeds = [*speeds, _measure(encoder, layers, device)][-MEASUREMENTS:]
    content = {"macs_per_second": speeds, "measured": time.time(), "encoder": encoder.name}
    with contextlib.suppress(OSError):  # measured again next time
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text_atomic(path, json.dumps(content))
    return max(speeds)


def _stored(path: Path) -> tuple[list[float], bool]:
    """Return the speeds in a file, none if it is damaged, and whether the last one was measured lately."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        content = json.loads(path.read_text(encoding="utf-8"))
        speeds = [float(speed) for speed in content["macs_per_second"]]
        age = time.time() - float(content["measured"])
        if all(speed > 0 for speed in speeds):
            return speeds, 0 <= age < RENEWAL_SECONDS
    return [], False


def _measure(encoder: Encoder, layers: Sequence[str], device: torch.device) -> float:
    side = max(SIDE, encoder.minimum_side(layers))
    image = torch.rand(1, 3, side, side, device=device, requires_grad=True)
    seconds = []
    for _ in range(REPEATS):
        started, worked = time.perf_counter(), time.process_time()
        features = encoder(image, layers)
        sums = [moment_sums(features[layer]) for layer in layers]
        torch.stack([part.second.mean() for part in sums]).sum().backward()  # type: ignore[no-untyped-call]
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        elapsed, worked = time.perf_counter() - started, time.process_time() - worked
        # What is kept is the speed of a machine that does nothing else, even if it is busy now.
        seconds.append(min(elapsed, worked / torch.get_num_threads()) if device.type == "cpu" else elapsed)
    return 2 * encoder.macs(side, side, layers) / min(seconds)


def _path(encoder: Encoder, layers: Sequence[str], device: torch.device) -> Path:
    """Return the file that keeps the speed; it need not exist."""
    name = (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else platform.processor() or platform.machine()
    )
    # Encoders of one name may have other weights, such as a low-rank one's ranks.
    macs = encoder.macs(SIDE, SIDE, layers)
    key = (
        VERSION,
        encoder.name,
        macs,
        str(encoder.dtype),
        str(device),
        name,
        torch.get_num_threads(),
        torch.__version__,
    )
    digest = hashlib.sha256(repr(key).encode()).hexdigest()[:32]
    return platformdirs.user_cache_path("impasto") / "speed" / f"{digest}.json"
