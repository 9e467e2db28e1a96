"""The `Picture` class, and the types that can be read as a picture."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy
import torch
from PIL import Image

from impasto.errors import PictureError


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture in memory.

    Attributes:
        pixels: float32 `(1, 3, H, W)`, sRGB-encoded, in [0, 1].
        alpha: float32 `(1, 1, H, W)` in [0, 1], or None. The pixels are not premultiplied.
        bits: bit depth of the source, 8 or 16.
        name: stem of the file name, or "picture".
        path: the file it was read from, if any.

    Raises PictureError if the tensors have another shape or type. Two pictures are equal only if they are
    the same object.
    """

    pixels: torch.Tensor
    alpha: torch.Tensor | None = None
    bits: Literal[8, 16] = 8
    name: str = "picture"
    path: Path | None = None

    def __post_init__(self) -> None:
        shape = tuple(self.pixels.shape)
        if len(shape) != 4 or shape[:2] != (1, 3) or 0 in shape or self.pixels.dtype != torch.float32:
            raise PictureError(
                f"A Picture holds float32 pixels of shape (1, 3, H, W), not {self.pixels.dtype} {shape}."
            )
        if self.alpha is not None:
            alpha_shape = tuple(self.alpha.shape)
            if alpha_shape != (1, 1, *shape[2:]) or self.alpha.dtype != torch.float32:
                raise PictureError(
                    f"The alpha of this Picture must be float32 of shape {(1, 1, *shape[2:])},"
                    f" not {self.alpha.dtype} {alpha_shape}."
                )

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[2])

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[3])


PictureLike = (
    str | os.PathLike[str] | bytes | BinaryIO | Image.Image | numpy.ndarray[Any, Any] | torch.Tensor | Picture
)
"""Types that `read_picture` accepts: a path, bytes, a binary file, a Pillow image, an array, a tensor or a Picture."""
