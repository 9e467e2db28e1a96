"""Frames of a clip and the protocol of their painters; importing this module imports neither torch nor PyAV.

The pipeline reads a clip, hands its frames to one `FramePainter` and writes what comes back, in segments. Finished
segments are kept with the painter's state, so that a stopped run goes on at the end of the last one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
# What a painter remembers between two frames; arrays of any type, and plain numbers.
PainterState = Mapping[str, "np.ndarray | float | int"]


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """One frame.

    ``index`` is its position in the painted range, from 0. ``time`` is in seconds from the start of the clip, also
    when only a part of the clip is painted. ``pixels`` are ``(H, W, 3)`` float32 in [0, 1], sRGB-encoded RGB.
    ``masks`` has one ``(H, W)`` float32 weight in [0, 1] per style where styles have places; their sum is at most 1.
    ``protect`` is ``(H, W)``: 1 where the painter leaves the frame as it is. Painters return both as they came.
    """

    index: int
    time: Fraction
    pixels: Pixels
    masks: tuple[Pixels, ...] = ()
    protect: Pixels | None = None


class FramePainter(Protocol):
    """Paints the frames of one clip in their order."""

    def paint(self, frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
        """Yield every frame painted, with the same index, time and size.

        A painter may read a bounded number of frames ahead. Its memory does not grow with the length of the clip.
        """
        ...

    def state(self) -> PainterState:
        """Return everything that the next frame's painting depends on, besides settings, styles and source frames.

        It is called after a frame was yielded and describes the painter as if it had read no frame after that one. The
        arrays are not changed later.
        """
        ...

    def restore(self, state: PainterState) -> None:
        """Take up ``state`` before `paint`, whose first frame is the one after the frame of ``state``.

        The frames that follow are equal to those of an uninterrupted run. An empty state forgets what was painted.
        """
        ...
