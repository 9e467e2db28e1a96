"""The picture with its margin: sizes a network takes, and windows cut from the padded picture without making it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

MARGIN = 16


@dataclass(frozen=True)
class Window:
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
        """Height and width of the padded picture: both multiples, and at least twice the margin."""
        return self._up(self.height), self._up(self.width)

    @property
    def whole(self) -> Window:
        """The padded picture as one window."""
        return Window(0, 0, *self.padded)

    def cut(self, image: Tensor, window: Window) -> Tensor:
        """Return the `window` of the padded `image`: `(B, C, H, W)` to `(B, C, window.height, window.width)`."""
        rows = _indices(window.top, window.height, self.height, image.device)
        columns = _indices(window.left, window.width, self.width, image.device)
        return image[:, :, rows[0] : rows[-1] + 1].index_select(2, rows - rows[0]).index_select(3, columns)

    def crop(self, padded: Tensor) -> Tensor:
        """Return the picture without its margin."""
        return padded[:, :, MARGIN : MARGIN + self.height, MARGIN : MARGIN + self.width]

    def _up(self, side: int) -> int:
        return -(-(side + 2 * MARGIN) // self.multiple) * self.multiple


def _indices(start: int, count: int, side: int, device: torch.device) -> Tensor:
    """Which rows of the picture the rows `start` to `start + count` of the padded one repeat."""
    return (torch.arange(start, start + count, device=device) - MARGIN).clamp(0, side - 1)
