"""Views: the encoder sees the picture shifted, mirrored and turned, a little differently at every step.

An optimiser finds pictures on which a small encoder is wrong in its favour. Its errors differ from view to
view, the picture does not: what satisfies all views has fewer places to hide. Content and style targets are
measured through the same views, so the objective stays exact. The idea is the transformation robustness of
Olah, Mordvintsev & Schubert, "Feature Visualization" (Distill 2017), with the targets transformed as well.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from torch import Tensor

# One period of the deepest stride that presets compare (relu4_1).
PERIOD = 8
# Targets of a texture do not depend on where it was moved, so many views cost nothing.
LEAST_WRAPPED = 64


@dataclass(frozen=True)
class View:
    """One way to look: cut ``top`` rows and ``left`` columns, then mirror, then swap the axes.

    A ``wrapped`` view moves them to the other side instead, so that a seam lies in the middle of the picture.
    """

    top: int = 0
    left: int = 0
    mirrored: bool = False
    turned: bool = False
    wrapped: bool = False

    def apply(self, image: Tensor) -> Tensor:
        """Return ``image`` (B,C,h,w) through this view; differentiable."""
        if self.wrapped:
            return self.orient(image.roll((-self.top, -self.left), (2, 3)))
        return self.orient(image[:, :, self.top :, self.left :])

    def orient(self, image: Tensor) -> Tensor:
        """Return ``image`` mirrored and turned but not cut."""
        if self.mirrored:
            image = image.flip(3)
        return image.transpose(2, 3) if self.turned else image


def make_views(count: int, slack: int) -> tuple[View, ...]:
    """Return ``count`` different views; shifts are at most ``slack`` pixels, so that small pictures stay whole."""
    return tuple(
        View(
            min(3 * index % PERIOD, slack),
            min((5 * index + index // PERIOD) % PERIOD, slack),
            bool(index % 2),
            bool(index // 2 % 2),
        )
        for index in range(count)
    )


def make_wrapped_views(count: int, height: int, width: int) -> tuple[View, ...]:
    """Return ``count`` views of a picture that wraps around, at least `LEAST_WRAPPED`, moved by all of its size.

    The movements fill the picture evenly, so that no line keeps being an edge. Source of the sequence: Roberts,
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
        for index in range(max(count, LEAST_WRAPPED))
    )


def view_of_step(count: int, seed: int, step: int) -> int:
    """Return which of ``count`` views step ``step`` (from 0) takes: all of them in random order, again and again.

    It depends on nothing but its arguments, so a resumed run sees what an uninterrupted one does.
    """
    if count == 1:
        return 0
    order = list(range(count))
    random.Random(f"{seed} {step // count}").shuffle(order)
    return order[step % count]
