"""Calm: a painted frame is joined to the last one, so that its brush marks move with what they show.

Let ``p_t`` be frame t painted alone, ``o_t`` the result and ``W`` the warp along the flow. Then

    o_t = p_t + c (W(o_{t-1}) - p_t),    then    o_t += DRIFT L(p_t - o_t),

where ``c`` is near 1 where the motion can be trusted (Ruder et al., GCPR 2016; Chen et al., ICCV 2017) and 0 where
something appears, and ``L`` keeps low frequencies. The second step guards against drift: errors that add up over many
frames, such as a static wall that darkens. Places that stand still keep ``o_{t-1}`` bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from impasto.video.flow import (
    Bytes,
    Flow,
    Motion,
    MotionSearch,
    as_bytes,
    enlarge,
    enlarge_flow,
    in_colors,
    load_cv2,
    warp,
    warp_bytes,
)
from impasto.video.still import change, noise_level, still_mask

if TYPE_CHECKING:
    from impasto.video.frame import Pixels

# Weight of the last frame where its motion can be trusted completely.
CARRIED = 0.97
# Share of the low frequencies' difference from the frame painted alone that one frame corrects, and their scale.
DRIFT, DRIFT_SCALE = 0.1, 16
# Changes in levels after motion compensation: up to the first, the motion is trusted; from the second, it is not.
TRUSTED, DISTRUSTED = 8.0, 30.0


@dataclass(frozen=True, eq=False)
class Memory:
    """What the next frame needs of the last one.

    `source` is the frame, and `painted` the result before colours and protection. `reference` holds for every pixel the
    source that it was painted from, which is older than `source` where the clip stands still.
    """

    source: Bytes
    reference: Bytes
    painted: Pixels

    def to_state(self, prefix: str = "") -> dict[str, np.ndarray]:
        """Return the arrays by name."""
        names = ("source", "reference", "painted")
        return {prefix + name: getattr(self, name) for name in names}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], prefix: str = "") -> Memory | None:
        """Return the memory of `to_state`, None if there is none under `prefix`."""
        if prefix + "source" not in state:
            return None
        return cls(state[prefix + "source"], state[prefix + "reference"], state[prefix + "painted"])


@dataclass(frozen=True, eq=False)
class Track:
    """How a frame follows the last one of its scene, known before either is painted.

    The last painting is moved along the `flow` and counts as far as `trust` `(H, W)` says. Where the clip stands
    `still` `(H, W)`, it is not moved. `reference` holds for every pixel the source that it is painted from.
    """

    frame: Bytes
    flow: Flow
    trust: Pixels
    still: Pixels
    reference: Bytes


@dataclass(frozen=True, eq=False)
class Followed:
    """The last painting on the pixels of the next frame of `track`: `carried` along the flow, and `kept` unmoved."""

    track: Track
    carried: Pixels
    kept: Pixels


class Calm:
    """Joins painted frames; `roughness` from 0 (calmest) to 1 (every frame stays as it was painted)."""

    def __init__(self, roughness: float = 0.0, search: MotionSearch | None = None) -> None:
        self.search = search or MotionSearch()
        self.weight = 1.0 - roughness

    def start(self, source: Pixels, painted: Pixels) -> Memory:
        """Return the memory after the first frame of a scene."""
        frame = as_bytes(source)
        return Memory(frame, frame, painted)

    def join(self, memory: Memory, source: Pixels, painted: Pixels) -> Memory:
        """Return the memory after the next frame `source`, which was `painted` alone; both `(H, W, 3)`."""
        track = self.track(memory.source, memory.reference, as_bytes(source))
        return self.merge(self.carry(memory, track), painted)

    def track(self, source: Bytes, reference: Bytes, frame: Bytes, motion: Motion | None = None) -> Track:
        """Return how `frame` follows the last one, `source`, whose pixels were painted from `reference`.

        The `motion` between the two, of the size of the search, is searched unless it is given.
        """
        size = frame.shape[0], frame.shape[1]
        earlier, later = self.search.small(source), self.search.small(frame)
        motion = motion or self.search.motion(earlier, later)
        left_over = change(warp_bytes(earlier, motion.flow), later)
        still = enlarge(
            still_mask(self.search.small(reference), later, motion.flow, noise_level(left_over)), size
        )
        kept = load_cv2().copyTo(reference, whole_mask(still), frame.copy())
        flow, trust = enlarge_flow(motion.flow, size), enlarge(motion_trust(motion, left_over), size)
        return Track(frame, flow, trust, still, kept)

    def carry(self, memory: Memory, track: Track, change_of_style: Pixels | None = None) -> Followed:
        """Return the last painting moved to the next frame.

        Where the style or its strength changes between the frames, `change_of_style` is the difference between the next
        frame painted in the new style and in the last one. It is added to the painting.
        """
        carried, kept = warp(memory.painted, track.flow), memory.painted
        if change_of_style is not None:
            carried, kept = carried + change_of_style, kept + change_of_style
        return Followed(track, carried, kept)

    def merge(
        self, followed: Followed, painted: Pixels, share: float = CARRIED, drift: float = DRIFT
    ) -> Memory:
        """Return the memory after a frame that was `painted`, with `share` of what is carried where it is trusted."""
        track = followed.track
        result = painted + in_colors(self.weight * share * track.trust) * (followed.carried - painted)
        if self.weight and drift:
            result += drift * low_frequencies(painted - result)
        result = self._keep(result, followed)
        return Memory(track.frame, track.reference, np.clip(result, 0, 1, out=result))

    def _keep(self, result: Pixels, followed: Followed) -> Pixels:
        """Return the result with the last frame's pixels where the clip stands still."""
        whole = whole_mask(followed.track.still)
        if not whole.any():
            return result
        result += in_colors(self.weight * followed.track.still) * (followed.kept - result)
        if self.weight == 1:
            result = load_cv2().copyTo(followed.kept, whole, result)
        return result


def whole_mask(still: Pixels) -> Bytes:
    """Return where a place stands completely still, as a mask `(H, W)` of OpenCV."""
    mask: Bytes = (still > 0.999).astype(np.uint8)
    return mask


def motion_trust(motion: Motion, left_over: Pixels) -> Pixels:
    """Return `(h, w)` from 0 to 1: how far the later frame is the earlier one moved; 0 where something appears.

    `left_over` is the change in levels that the motion does not explain.
    """
    alike = np.clip((DISTRUSTED - left_over) * (1 / (DISTRUSTED - TRUSTED)), 0, 1)
    trust: Pixels = alike * load_cv2().blur(motion.visible, (3, 3))
    return trust


def low_frequencies(picture: Pixels) -> Pixels:
    """Return what varies over more than about `DRIFT_SCALE` pixels."""
    cv2 = load_cv2()
    height, width = picture.shape[:2]
    small = max(1, width // DRIFT_SCALE), max(1, height // DRIFT_SCALE)
    low = cv2.GaussianBlur(cv2.resize(picture, small, interpolation=cv2.INTER_AREA), (0, 0), 1.0)
    smooth: Pixels = cv2.resize(low, (width, height), interpolation=cv2.INTER_LINEAR)
    return smooth
