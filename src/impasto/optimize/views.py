"""Views: shifted, mirrored and transposed versions of the image that the encoder gets in turn.

The optimiser exploits errors of a small encoder. These errors differ between views of the same image, so several views
leave fewer of them to exploit. Content and style targets are measured through the same views, so the objective stays
exact. Source of the idea: transformation robustness of Olah, Mordvintsev & Schubert, "Feature Visualization" (Distill
2017), with the targets transformed as well.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import torch
from torch import Tensor

# Shifts repeat after 8 pixels, the stride of relu4_1.
PERIOD = 8
# Targets of a texture do not depend on its shift, so many views cost nothing.
MIN_WRAPPED_VIEWS = 64


@dataclass(frozen=True)
class View:
    """A view: cut ``top`` rows and ``left`` columns, then mirror, then swap the axes.

    A ``wrapped`` view moves the rows and columns to the other side, so that the seam lies inside the image.
    """

    top: int = 0
    left: int = 0
    mirrored: bool = False
    transposed: bool = False
    wrapped: bool = False

    def apply(self, image: Tensor) -> Tensor:
        """Return ``image`` (B,C,h,w) through this view; differentiable."""
        if self.wrapped:
            return self.orient(image.roll((-self.top, -self.left), (2, 3)))
        return self.orient(image[:, :, self.top :, self.left :])

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return height and width of the view of an image of ``size``."""
        height, width = size if self.wrapped else (size[0] - self.top, size[1] - self.left)
        return (width, height) if self.transposed else (height, width)

    def region(
        self, size: tuple[int, int], rows: tuple[int, int], columns: tuple[int, int]
    ) -> tuple[slice | Tensor, slice | Tensor]:
        """Return the rows and columns of an image of ``size`` (height, width) that a window of the view shows.

        The window goes from the first to the second of ``rows`` and ``columns`` (excluded). ``orient`` of that part of
        the image is the window of ``apply``. Rows and columns that are wrapped are index tensors, for
        ``image[:, :, rows, columns]``.
        """
        if self.transposed:
            rows, columns = columns, rows
        height, width = size
        if not self.wrapped:
            height, width = height - self.top, width - self.left
        if self.mirrored:
            columns = width - columns[1], width - columns[0]
        down, across = (
            (rows[0] + self.top, rows[1] + self.top),
            (columns[0] + self.left, columns[1] + self.left),
        )
        if not self.wrapped or (down[1] <= height and across[1] <= width):
            return slice(*down), slice(*across)
        return (torch.arange(*down) % height)[:, None], torch.arange(*across) % width

    def orient(self, image: Tensor) -> Tensor:
        """Return ``image`` mirrored and transposed but not cut."""
        if self.mirrored:
            image = image.flip(3)
        return image.transpose(2, 3) if self.transposed else image


def make_views(count: int, max_shift: int) -> tuple[View, ...]:
    """Return ``count`` different views with shifts of at most ``max_shift`` pixels."""
    # 3 and 5 are coprime to 8, so shifts visit all 8 rows and columns; the last term separates rounds.
    return tuple(
        View(
            min(3 * index % PERIOD, max_shift),
            min((5 * index + index // PERIOD) % PERIOD, max_shift),
            bool(index % 2),
            bool(index // 2 % 2),
        )
        for index in range(count)
    )


def make_wrapped_views(count: int, height: int, width: int) -> tuple[View, ...]:
    """Return ``count`` views of a seamless texture, at least `MIN_WRAPPED_VIEWS`.

    Their shifts cover the image evenly, so that no line stays an edge. Source of the sequence: Roberts,
    "The Unreasonable Effectiveness of Quasirandom Sequences" (2018), R2.
    """
    return tuple(
        View(
            int(0.7548776662466927 * index % 1 * height),
            int(0.5698402909980532 * index % 1 * width),
            bool(index % 2),
            bool(index // 2 % 2),
            wrapped=True,
        )
        for index in range(max(count, MIN_WRAPPED_VIEWS))
    )


def view_of_step(count: int, seed: int, step: int) -> int:
    """Return the index of the view of step ``step`` (from 0): all ``count`` views in random order, repeatedly.

    The result depends only on the arguments, so a resumed run takes the same views as an uninterrupted run.
    """
    if count == 1:
        return 0
    order = list(range(count))
    random.Random(f"{seed} {step // count}").shuffle(order)
    return order[step % count]
