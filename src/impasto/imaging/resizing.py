"""Antialiased bicubic resizing."""

from __future__ import annotations

import torch
from torch.nn import functional

from impasto.errors import PictureError, RecipeError
from impasto.imaging.row_bands import map_rows, resize_in_bands
from impasto.imaging.scratch import is_large


def resize(image: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Resize `(B, C, H, W)` in [0, 1] to `size` = `(height, width)`; the same tensor if that is its size.

    Bicubic with a = -0.5, the kernel widened by the scale where an axis shrinks (antialiasing), as in Pillow;
    the overshoot of the kernel is clamped to [0, 1]. Differentiable. Raises PictureError for another rank and
    RecipeError for a size below 1. Source: Keys 1981, "Cubic convolution interpolation", eq. 15.
    """
    if image.ndim != 4:
        raise PictureError(f"resize takes images of shape (B, C, H, W), not {tuple(image.shape)}.")
    if min(size) < 1:
        raise RecipeError(f"An image cannot be resized to {size[0]}x{size[1]}; both sides are at least 1.")
    if tuple(image.shape[2:]) == tuple(size):
        return image
    pixels = max(size[0] * size[1], image.shape[2] * image.shape[3])
    if image.device.type == "cpu" and is_large(pixels * image.shape[1] * 4) and not image.requires_grad:
        scaled = resize_in_bands(image, size)
        return map_rows(lambda rows: rows.clamp(0.0, 1.0), scaled, reuse=scaled)
    # antialias=True also when enlarging: without it torch uses a = -0.75, which rings more.
    scaled = functional.interpolate(image, size=size, mode="bicubic", align_corners=False, antialias=True)
    return scaled.clamp(0.0, 1.0)
