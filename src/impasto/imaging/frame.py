"""Replicate-padded images: sizes that a network takes, and windows of the padded image without allocating it.

Images are tensors or arrays. Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy

from impasto.imaging.planes import Array

if TYPE_CHECKING:
    from torch import Tensor

    Pixels = TypeVar("Pixels", Tensor, Array)

# Replicated pixels on every side: the fewest with which one pixel becomes an image of 16 x 16. A network of stride 8
# takes no smaller one, because a single position at its coarsest level has no variance to normalise by.
MARGIN = 4


@dataclass(frozen=True)
class TileWindow:
    """A rectangle of the padded image."""

    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True)
class Tiling:
    """Size and overlap of tiles in pixels; an image of up to `whole` x `whole` is painted in one piece.

    The statistics of an image in tiles are those of at most `samples` windows of `sample_side` x `sample_side`.

    Where two tiles overlap, `halo` pixels at either end are discarded, because they lack context; between them the two
    are blended over `feather` pixels.
    """

    side: int = 1536
    halo: int = 64
    feather: int = 32
    whole: int = 0
    sample_side: int = 512
    samples: int = 16

    @property
    def at_once(self) -> int:
        """Largest number of pixels painted without tiles."""
        return max(self.side, self.whole) ** 2

    @property
    def overlap(self) -> int:
        """Smallest overlap of two neighbours in pixels."""
        return 2 * self.halo + self.feather


# An image of 2048 x 2048 in one piece needs half a gigabyte and two thirds of the time that tiles take.
DEFAULT_TILING = Tiling(whole=2112)
# A network takes about 640 bytes a pixel: this holds the painting of a picture of any size below 2 GB.
LARGE_TILING = Tiling(side=1280, sample_side=256, samples=24)


@dataclass(frozen=True)
class Frame:
    """An image of `height` x `width`, replicate-padded by `MARGIN` pixels and on to a multiple of `multiple`.

    Replicate padding works for every size down to one pixel; reflection would not.
    """

    height: int
    width: int
    multiple: int

    @property
    def padded(self) -> tuple[int, int]:
        """Height and width of the padded image: multiples of `multiple`, at least twice that."""
        return self._padded_side(self.height), self._padded_side(self.width)

    @property
    def whole(self) -> TileWindow:
        """The padded image as one window."""
        return TileWindow(0, 0, *self.padded)

    def cut(
        self,
        image: Pixels,
        window: TileWindow,
        prepare: Callable[[Pixels, int, int], Pixels] | None = None,
    ) -> Pixels:
        """Return the `window` of the padded `image`: `(B, C, H, W)` to `(B, C, window.height, window.width)`.

        `prepare` changes the part of the image before it is padded; it also gets its first row and column.
        """
        rows, above, below = _source_slice(window.top - MARGIN, window.height, self.height)
        columns, left, right = _source_slice(window.left - MARGIN, window.width, self.width)
        crop = image[:, :, rows, columns]
        if prepare is not None:
            crop = prepare(crop, rows.start, columns.start)
        if above or below or left or right:
            crop = _replicate(crop, (left, right, above, below))
        return crop

    def crop(self, padded: Pixels) -> Pixels:
        """Return the image without its padding."""
        return padded[:, :, MARGIN : MARGIN + self.height, MARGIN : MARGIN + self.width]

    def _padded_side(self, side: int) -> int:
        return -(-(side + 2 * MARGIN) // self.multiple) * self.multiple


def _replicate(image: Pixels, sides: tuple[int, int, int, int]) -> Pixels:
    """Return `(B, C, h, w)` with its edges repeated as often as `sides` (left, right, above, below) says."""
    left, right, above, below = sides
    if isinstance(image, numpy.ndarray):
        return numpy.pad(image, ((0, 0), (0, 0), (above, below), (left, right)), mode="edge")
    import torch.nn.functional as F  # noqa: N812

    return F.pad(image, sides, mode="replicate")


def _source_slice(start: int, count: int, side: int) -> tuple[slice, int, int]:
    """Return the rows of an image of `side` rows in a window, and how often its first and last row are repeated.

    The window has `count` rows from `start`, which may lie outside the image.
    """
    first = min(max(start, 0), side - 1)
    last = max(min(start + count, side), first + 1)
    before = min(max(first - start, 0), count - 1)
    return slice(first, last), before, count - (last - first) - before
