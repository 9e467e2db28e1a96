"""Sizes of pictures, and antialiased bicubic resizing of arrays. Importing this module does not import torch."""

from __future__ import annotations

from typing import Any

import numpy
from PIL import Image

from impasto.errors import RecipeError


def fit(height: int, width: int, longest: int) -> tuple[int, int]:
    """Return the `(height, width)` with the same aspect ratio whose longer side is `longest`.

    The shorter side is rounded to the nearest whole number (half up) and is at least 1. Sizes may grow.
    Raises RecipeError when a number is below 1.
    """
    if min(height, width, longest) < 1:
        raise RecipeError(f"Sizes are whole numbers of at least 1, not {height}x{width} to {longest}.")
    long, short = max(height, width), min(height, width)
    # Integer arithmetic: a float division would round 2.5 pixels differently for different sizes.
    small = max(1, (2 * short * longest + long) // (2 * long))
    return (longest, small) if height >= width else (small, longest)


def resize_array(image: numpy.ndarray[Any, Any], size: tuple[int, int]) -> numpy.ndarray[Any, Any]:
    """Resize float32 `(1, C, H, W)` in [0, 1] to `size` = `(height, width)`, as `resize` does with tensors.

    The same array if that is its size. Pillow's kernel is that of `resize`; sums differ by rounding alone.
    """
    if image.shape[2:] == tuple(size):
        return image
    box = (size[1], size[0])
    planes = [
        numpy.asarray(Image.fromarray(plane).resize(box, Image.Resampling.BICUBIC)) for plane in image[0]
    ]
    return numpy.stack(planes)[None].clip(0.0, 1.0)
