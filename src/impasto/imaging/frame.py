"""The picture with its margin: sizes a network takes, and windows cut from the padded picture without making it."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

MARGIN = 4


@dataclass(frozen=True)
class TileWindow:
    """A rectangle of the padded picture."""

    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True)
class Frame:
    """A picture of `height` x `width`, its edge pixels repeated `MARGIN` pixels outwards and on to a multiple.

    Every size down to one pixel has such a frame, which reflection would not have.
    """

    height: int
    width: int
    multiple: int

    @property
    def padded(self) -> tuple[int, int]:
        """Height and width of the padded picture: multiples of `multiple`, two or more."""
        return self._up(self.height), self._up(self.width)

    @property
    def whole(self) -> TileWindow:
        """The padded picture as one window."""
        return TileWindow(0, 0, *self.padded)

    def cut(self, image: Tensor, window: TileWindow) -> Tensor:
        """Return the `window` of the padded `image`: `(B, C, H, W)` to `(B, C, window.height, window.width)`."""
        rows, above, below = _part(window.top - MARGIN, window.height, self.height)
        columns, left, right = _part(window.left - MARGIN, window.width, self.width)
        found = image[:, :, rows, columns]
        if above or below or left or right:
            found = F.pad(found, (left, right, above, below), mode="replicate")
        return found

    def crop(self, padded: Tensor) -> Tensor:
        """Return the picture without its margin."""
        return padded[:, :, MARGIN : MARGIN + self.height, MARGIN : MARGIN + self.width]

    def _up(self, side: int) -> int:
        return -(-(side + 2 * MARGIN) // self.multiple) * self.multiple


def _part(start: int, count: int, side: int) -> tuple[slice, int, int]:
    """Return which of `side` rows lie in `count` rows from `start`, and how often the first and last are repeated."""
    first = min(max(start, 0), side - 1)
    last = max(min(start + count, side), first + 1)
    before = min(max(first - start, 0), count - 1)
    return slice(first, last), before, count - (last - first) - before
