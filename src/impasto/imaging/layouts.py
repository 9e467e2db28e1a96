"""Pixels `(H, W, 3)` of arrays as images `(1, 3, H, W)` of tensors, and back."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def from_channels_last(pixels: NDArray[np.float32]) -> Tensor:
    """Return an array of pixels `(H, W, 3)` as an image `(1, 3, H, W)`."""
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None]


def to_channels_last(image: Tensor) -> NDArray[np.float32]:
    """Return an image `(1, 3, H, W)` as an array of pixels `(H, W, 3)`."""
    pixels: NDArray[np.float32] = np.ascontiguousarray(image[0].permute(1, 2, 0).numpy())
    return pixels
