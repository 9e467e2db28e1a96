"""Shared parts of the benchmarks: folders, development pairs, and the unit of time U."""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812

from impasto.encoders import open_encoder

SHARED = Path(os.environ.get("IMPASTO_SHARED", Path(__file__).resolve().parents[2] / "shared"))
VGG19 = SHARED / "vgg19_conv.safetensors"
PAIRS = (
    ("golden_gate", "starry_night"),
    ("amber", "wave"),
    ("avril", "la_muse"),
    ("stata", "mosaic"),
    ("cornell", "candy"),
    ("modern", "composition_vii"),
    ("golden_gate", "sketch"),
    ("amber", "mondrian"),
)


def pair(index: int) -> tuple[Path, Path]:
    """Return content and style of development pair ``index`` (from 0)."""
    content, style = PAIRS[index]
    return SHARED / "eval" / f"content_{content}.jpg", SHARED / "eval" / f"style_{style}.jpg"


def numbers(text: str) -> list[int]:
    """Return pair numbers from ``1-3,8``."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def require_shared() -> None:
    """Exit with a message if the weights of the real VGG-19 are missing."""
    if not VGG19.exists():
        raise SystemExit(f"The real VGG-19 is not at {VGG19}; set IMPASTO_SHARED.")


class Unit:
    """U: one float32, NCHW forward plus pixel gradient of VGG-19 to relu5_1 at a size.

    Written with plain convolutions, because impasto's own encoders lay pictures out channels-last.
    """

    def __init__(self, height: int, width: int) -> None:
        vgg = open_encoder("vgg19", weights=VGG19, padding="zeros")
        kernels = [p.detach().contiguous() for p in vgg.parameters() if p.ndim == 4][:13]
        biases = [p.detach() for p in vgg.parameters() if p.ndim == 1][:13]
        self.layers = list(zip(kernels, biases, strict=True))
        self.image = torch.rand(1, 3, height, width)

    def seconds(self) -> float:
        """Measure it once."""
        image = self.image.clone().requires_grad_(True)
        start = time.perf_counter()
        x = image
        for index, (kernel, bias) in enumerate(self.layers):
            if index in (2, 4, 8, 12):
                x = F.max_pool2d(x, 2)
            x = F.relu(F.conv2d(x, kernel, bias, padding=1))
        x.square().mean().backward()
        return time.perf_counter() - start

    def median(self, runs: int = 5) -> float:
        """Return the median of ``runs`` after one to warm up."""
        self.seconds()
        return statistics.median(self.seconds() for _ in range(runs))
