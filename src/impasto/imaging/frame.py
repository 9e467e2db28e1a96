"""Replicate-padded images: sizes that a network takes, and windows of the padded image without allocating it.

Images are tensors or arrays. Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy
from numpy.typing import NDArray

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
LARGE_TILING = Tiling(side=1024, sample_side=256, samples=24)


@dataclass(frozen=True)
class Frame:
    """An image of `height` x `width`, padded by `margin` pixels and on to a multiple of `multiple`.

    The padding repeats the edges. A larger margin than `MARGIN` mirrors the image, back and forth where it is smaller,
    for networks that see how far the border of the picture is.
    """

    height: int
    width: int
    multiple: int
    margin: int = MARGIN

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
        rows, above, below = _source_slice(window.top - self.margin, window.height, self.height)
        columns, left, right = _source_slice(window.left - self.margin, window.width, self.width)
        crop = image[:, :, rows, columns]
        if prepare is not None:
            crop = prepare(crop, rows.start, columns.start)
        if above or below or left or right:
            extend = _replicate if self.margin == MARGIN else _mirror
            crop = extend(crop, (left, right, above, below))
        return crop

    def crop(self, padded: Pixels) -> Pixels:
        """Return the image without its padding."""
        margin = self.margin
        return padded[:, :, margin : margin + self.height, margin : margin + self.width]

    def _padded_side(self, side: int) -> int:
        return -(-(side + 2 * self.margin) // self.multiple) * self.multiple


def _replicate(image: Pixels, sides: tuple[int, int, int, int]) -> Pixels:
    """Return `(B, C, h, w)` with its edges repeated as often as `sides` (left, right, above, below) says."""
    left, right, above, below = sides
    if isinstance(image, numpy.ndarray):
        return numpy.pad(image, ((0, 0), (0, 0), (above, below), (left, right)), mode="edge")
    import torch.nn.functional as F  # noqa: N812

    return F.pad(image, sides, mode="replicate")


def _mirror(image: Pixels, sides: tuple[int, int, int, int]) -> Pixels:
    """Return `(B, C, h, w)` with as many mirrored pixels as `sides` (left, right, above, below) says."""
    left, right, above, below = sides
    rows = mirrored(-above, image.shape[2] + below, image.shape[2])
    columns = mirrored(-left, image.shape[3] + right, image.shape[3])
    return image[:, :, rows][:, :, :, columns]


def mirrored(first: int, last: int, side: int) -> NDArray[numpy.int64]:
    """Return the rows from `first` to `last` (excluded) of an image of `side` rows, mirrored at its edges."""
    place = numpy.arange(first, last) % (2 * side)
    return numpy.minimum(place, 2 * side - 1 - place)


def _source_slice(start: int, count: int, side: int) -> tuple[slice, int, int]:
    """Return the rows of an image of `side` rows in a window, and how often its first and last row are repeated.

    The window has `count` rows from `start`, which may lie outside the image.
    """
    first = min(max(start, 0), side - 1)
    last = max(min(start + count, side), first + 1)
    before = min(max(first - start, 0), count - 1)
    return slice(first, last), before, count - (last - first) - before
