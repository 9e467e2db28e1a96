"""Optical flow between two frames, where it can be trusted, and warping along it.

The flow is that of dense inverse search (Kroeger et al., ECCV 2016). It is pulled: `flow[y, x]` points from a pixel of
the later frame to its place in the earlier one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import MissingExtraError

if TYPE_CHECKING:
    from impasto.video.frame import Pixels

Flow = NDArray[np.float32]
"""Displacements `(h, w, 2)` in pixels, x before y."""
Bytes = NDArray[np.uint8]
"""A frame `(H, W, 3)` or one of its planes `(H, W)`, from 0 to 255."""
Size = tuple[int, int]
"""Height and width."""

# Longer side of the frames in which painters search for motion.
SEARCH_SIDE = 640
SMALLEST_SEARCH = 16
# A forward and a backward flow agree if |f + b|^2 < SHARE (|f|^2 + |b|^2) + SQUARED_PIXELS, as in Sundaram et al., ECCV
# 2010, and Ruder et al., GCPR 2016.
SHARE = 0.01
SQUARED_PIXELS = 0.5


def load_cv2() -> Any:
    """Return OpenCV; raises `MissingExtraError` without the extra `video`."""
    try:
        import cv2
    except ImportError as error:
        raise MissingExtraError("Painting a clip", "video") from error
    return cv2


@dataclass(frozen=True, eq=False)
class Motion:
    """The motion from an earlier frame to a later one, at the size of the search, on the pixels of the later frame.

    `flow` `(h, w, 2)` points to the place in the earlier frame. `visible` `(h, w)` is 1 where that place shows the same
    thing in both frames and 0 where it is hidden in one of them or outside.
    """

    flow: Flow
    visible: Pixels


class MotionSearch:
    """Searches the motion between frames at up to `side` pixels; `best` takes ten times as long, for measuring."""

    def __init__(self, side: int = SEARCH_SIDE, *, best: bool = False) -> None:
        self.side = side
        # At half the resolution the search takes a quarter of the time, and the warping error after ten frames grows by
        # an eighth. Refining the flow less lets what is carried shiver.
        self._flow = _search(
            finest=0 if best else 1,
            steps=40 if best else 8,
            stride=2 if best else 4,
            refinement=10 if best else 3,
        )

    def small(self, frame: Bytes) -> Bytes:
        """Return a frame `(H, W, 3)` at the size of the search."""
        height, width = frame.shape[:2]
        scale = min(1.0, self.side / max(height, width))
        return shrink(
            frame, (max(SMALLEST_SEARCH, round(height * scale)), max(SMALLEST_SEARCH, round(width * scale)))
        )

    def motion(self, earlier: Bytes, later: Bytes) -> Motion:
        """Return the motion between two frames `(h, w, 3)` of the size of the search."""
        return self.motions(earlier, later)[0]

    def motions(self, earlier: Bytes, later: Bytes) -> tuple[Motion, Motion]:
        """Return the motion between two frames of the size of the search, and that of the reversed clip."""
        backward, forward = self._flows(earlier, later)
        return Motion(backward, agreement(backward, forward)), Motion(forward, agreement(forward, backward))

    def _flows(self, earlier: Bytes, later: Bytes) -> tuple[Flow, Flow]:
        cv2 = load_cv2()
        first, second = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (earlier, later))
        return self._flow.calc(second, first, None), self._flow.calc(first, second, None)


def _search(finest: int, steps: int, stride: int, refinement: int) -> Any:
    """Return OpenCV's search down to 1 / 2**`finest` of the size, with patches every `stride` pixels."""
    cv2 = load_cv2()
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(finest)
    search.setGradientDescentIterations(steps)
    search.setPatchStride(stride)
    search.setVariationalRefinementIterations(refinement)
    return search


def agreement(flow: Flow, reverse: Flow) -> Pixels:
    """Return `(h, w)`: 1 where `reverse` leads from the place that `flow` points to back to the pixel, else 0."""
    height, width = flow.shape[:2]
    x, y = targets(flow)
    cv2 = load_cv2()
    back = cv2.remap(reverse, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    # In planes: sums over an axis of two values take ten times as long.
    (forth_x, forth_y), (back_x, back_y) = cv2.split(flow), cv2.split(back)
    error = (forth_x + back_x) ** 2 + (forth_y + back_y) ** 2
    length = forth_x**2 + forth_y**2 + back_x**2 + back_y**2
    inside = (x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)
    visible: Pixels = ((error < SHARE * length + SQUARED_PIXELS) & inside).astype(np.float32)
    return visible


def targets(flow: Flow) -> tuple[Pixels, Pixels]:
    """Return the columns and the rows `(h, w)` that a flow points to."""
    height, width = flow.shape[:2]
    columns, rows = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    x: Pixels = np.add(flow[..., 0], columns, dtype=np.float32)
    y: Pixels = np.add(flow[..., 1], rows[:, None], dtype=np.float32)
    return x, y


def enlarge_flow(flow: Flow, size: Size) -> Flow:
    """Return a flow for frames of `size`."""
    height, width = size
    if flow.shape[:2] == size:
        return flow
    factors = np.array([width / flow.shape[1], height / flow.shape[0]], np.float32)
    enlarged: Flow = enlarge(flow, size) * factors
    return enlarged


def enlarge(plane: Pixels, size: Size) -> Pixels:
    """Return `plane` `(h, w)` or `(h, w, C)` at `size`, bilinearly."""
    cv2 = load_cv2()
    if plane.shape[:2] == size:
        return plane
    enlarged: Pixels = cv2.resize(plane, size[::-1], interpolation=cv2.INTER_LINEAR)
    return enlarged


def shrink(frame: Bytes, size: Size) -> Bytes:
    """Return a frame at `size`, each pixel the mean of the pixels that it covers."""
    cv2 = load_cv2()
    if frame.shape[:2] == size:
        return frame
    shrunk: Bytes = cv2.resize(frame, size[::-1], interpolation=cv2.INTER_AREA)
    return shrunk


def resized(image: Pixels, size: Sequence[int]) -> Pixels:
    """Return `image` `(H, W, C)` at `size`: means of the covered pixels where it shrinks, else bicubic, not clipped.

    The antialiased kernel of `impasto.imaging.resize` takes five to eight times as long.
    """
    cv2 = load_cv2()
    height, width = size
    if image.shape[:2] == (height, width):
        return image
    kernel = cv2.INTER_AREA if height <= image.shape[0] and width <= image.shape[1] else cv2.INTER_CUBIC
    scaled: Pixels = cv2.resize(image, (width, height), interpolation=kernel)
    return scaled


def as_bytes(pixels: Pixels) -> Bytes:
    """Return pixels in [0, 1] as bytes, rounded."""
    cv2 = load_cv2()
    converted: Bytes = cv2.convertScaleAbs(pixels, alpha=255.0)
    return converted


def in_colors(weight: Pixels) -> Pixels:
    """Return weights `(H, W)` as `(H, W, 3)`; broadcasting over three colours takes ten times as long."""
    repeated: Pixels = load_cv2().merge((weight, weight, weight))
    return repeated


def warp(image: Pixels, flow: Flow) -> Pixels:
    """Return the earlier `image` `(H, W, C)` on the pixels of the later frame; it may leave [0, 1] a little.

    The kernel is bicubic: a painting is carried along hundreds of frames, and with a bilinear kernel it would blur.
    Lanczos' of 8 x 8 pixels takes six times as long.
    """
    cv2 = load_cv2()
    warped: Pixels = cv2.remap(image, *targets(flow), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return warped


def pixel_places(size: Size) -> Pixels:
    """Return the column and the row of every pixel `(H, W, 2)`."""
    height, width = size
    places: Pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), 2).astype(np.float32)
    return places


def warp_places(places: Pixels, flow: Flow) -> Pixels:
    """Return `places` `(H, W, 2)` of the earlier frame's pixels for those of the later one, bilinearly."""
    cv2 = load_cv2()
    warped: Pixels = cv2.remap(places, *targets(flow), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return warped


def sample(image: Pixels, places: Pixels) -> Pixels:
    """Return `image` `(H, W, C)` at `places` `(h, w, 2)`, bicubically."""
    cv2 = load_cv2()
    sampled: Pixels = cv2.remap(image, places, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return sampled


def warp_bytes(frame: Bytes, flow: Flow) -> Bytes:
    """Return the earlier `frame` on the pixels of the later one, bilinearly, to compare the two."""
    cv2 = load_cv2()
    warped: Bytes = cv2.remap(frame, *targets(flow), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return warped
