"""Reading of many pictures for a training: ahead of their use, with those that cannot be read set aside."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from impasto.ahead import map_in_order
from impasto.errors import ImpastoError
from impasto.imaging import Picture, PictureWarning, check_file, open_image, picture_errors, read_picture
from impasto.imaging.decode import orient, orientation_of
from impasto.imaging.limits import MOST_HELD

READERS = 2
READ_AHEAD = 8

OnProgress = Callable[[int, int], None]
"""Called with (done, total)."""


@dataclass(frozen=True)
class Skipped:
    """A picture that could not be read, and the reason."""

    path: Path
    reason: str


def read_ahead(
    paths: Sequence[Path], read: Callable[[Path], Tensor]
) -> Generator[Tensor | Skipped, None, None]:
    """Yield `read(path)` of every path in order, computed ahead by a few threads, or why it failed.

    Closing the generator leaves the rest unread.
    """

    def read_or_reason(path: Path) -> Tensor | Skipped:
        try:
            return read(path)
        except ImpastoError as error:
            return Skipped(path, str(error))

    with warnings.catch_warnings(), ThreadPoolExecutor(READERS) as pool:
        # An ignored colour profile matters little for a training, and there may be thousands.
        warnings.simplefilter("ignore", PictureWarning)
        yield from map_in_order(pool, read_or_reason, paths, READ_AHEAD)


def read_bounded(path: Path, longest: int) -> Tensor:
    """Return a picture as uint8 (3,h,w), upright, its longer side at most `longest`; transparency becomes white.

    Opaque 8-bit grey and RGB files keep their values whatever their colour profile. Raises PictureError, or
    MissingExtraError for HEIC without pillow-heif.
    """
    check_file(path)
    with picture_errors(path), path.open("rb") as file, open_image(file) as image:
        opaque = image.mode in ("L", "RGB") and "transparency" not in image.info
        if opaque and image.width * image.height <= MOST_HELD:
            orientation = orientation_of(image)
            small = image.convert("RGB")
            small.thumbnail((longest, longest))
            upright = orient(np.array(small).transpose(2, 0, 1), orientation)
            return torch.from_numpy(np.ascontiguousarray(upright))
    return to_bytes(over_white(read_picture(path, longest=longest)))


def over_white(picture: Picture) -> Tensor:
    """Return the pixels (1,3,h,w) in [0,1] of `picture` over white."""
    if picture.alpha is None:
        return picture.pixels
    return picture.pixels * picture.alpha + (1 - picture.alpha)


def to_bytes(pixels: Tensor) -> Tensor:
    """Return pixels (1,3,h,w) in [0,1] as uint8 (3,h,w)."""
    return (pixels[0].clamp(0, 1) * 255).round().byte()
