"""Paintings of keyframes that are carried to other frames: how far they reach, and how two of them are mixed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from impasto.video.calm import Calm, Memory, Track
from impasto.video.flow import in_colors, load_cv2, pixel_places, sample, warp, warp_places
from impasto.video.frame import PainterState, Pixels, VideoFrame

# Part of the way between two keyframes over which one painting fades into the other: a longer one shows two sets of
# brush marks at once.
FADE = 0.25
# Side in pixels of the surrounding in which a mixture keeps its contrast, and the most by which that is raised.
CONTRAST_SIDE, MOST_GAIN = 9, 1.5


@dataclass(frozen=True, eq=False)
class Key:
    """A keyframe: its index, its painting, and what that has over the one-pass picture, both `(H, W, 3)`."""

    index: int
    painted: Pixels
    added: Pixels | None = None


@dataclass(frozen=True, eq=False)
class Carried:
    """The painting of a keyframe carried to frame `index`, at `time` in seconds.

    `reach` `(H, W)` is 1 where it comes from the keyframe and 0 where it was painted in one pass. `place` `(H, W, 2)`
    is where in the keyframe a pixel comes from; None means the same place.
    """

    key: Key
    memory: Memory
    reach: Pixels
    index: int
    time: float = 0.0
    place: Pixels | None = None

    def to_state(self) -> dict[str, np.ndarray | float | int]:
        """Return arrays and numbers by name."""
        state: dict[str, np.ndarray | float | int] = {**self.memory.to_state("last.")}
        state |= {"reach": self.reach, "index": self.index, "time": self.time}
        state |= {"key.index": self.key.index, "key.painted": self.key.painted}
        state |= {} if self.place is None else {"place": self.place}
        return state | ({} if self.key.added is None else {"key.added": self.key.added})

    @classmethod
    def from_state(cls, state: PainterState) -> Carried | None:
        """Return what `to_state` made the state of, None for an empty state."""
        memory = Memory.from_state(state, "last.")
        if memory is None:
            return None
        arrays = {name: np.asarray(value) for name, value in state.items()}
        key = Key(int(arrays["key.index"]), arrays["key.painted"], arrays.get("key.added"))
        index, time = int(arrays["index"]), float(arrays["time"])
        return cls(key, memory, arrays["reach"], index, time, arrays.get("place"))

    def follow(self, calm: Calm, frame: VideoFrame, alone: Pixels, track: Track) -> Carried:
        """Return this carried on along a track to the next frame, of which `alone` was painted in one pass.

        What the keyframe reaches is taken from it at once, wherever it has moved: warped frame after frame, brush
        strokes would blur. What it does not reach is painted in one pass, and what the keyframe has over such a picture
        at the same place is added.
        """
        place = pixel_places(track.still.shape) if self.place is None else self.place
        moved = warp_places(place, track.flow)
        place = moved + track.still[..., None] * (place - moved)
        reach = warp(self.reach, track.flow).clip(0, 1) * track.trust
        reach += track.still * (self.reach - reach)
        filling = alone if self.key.added is None else (alone + self.key.added).clip(0, 1)
        memory = calm.merge(calm.carry(self.memory, track), filling, 1.0, drift=0.0)
        painted = memory.painted + in_colors(calm.weight * reach) * (
            sample(self.key.painted, place) - memory.painted
        )
        memory = replace(memory, painted=painted.clip(0, 1))
        return Carried(self.key, memory, reach, frame.index, float(frame.time), place)


def blend(forward: Carried, backward: Carried, way: float) -> Pixels:
    """Return both paintings mixed by how far the frame is on its `way` from 0 to 1, and by what each one reaches."""
    t = np.float32(min(1.0, max(0.0, (way - 0.5) / FADE + 0.5)))
    share = t * t * (3 - 2 * t)
    one, other = (1 - share) * forward.reach, share * backward.reach
    total = one + other
    # Where the nearer keyframe does not reach, the farther one is shown, as far as it reaches.
    both = forward.reach + backward.reach
    either = np.where(both > 1e-3, backward.reach / np.maximum(both, 1e-3), share)
    weight = np.where(total > 1e-3, other / np.maximum(total, 1e-3), either)[..., None]
    painted, following = forward.memory.painted, backward.memory.painted
    mixed: Pixels = painted + weight * (following - painted)
    return keep_contrast(mixed, painted, following, weight) if 0 < share < 1 else mixed


def keep_contrast(mixed: Pixels, one: Pixels, other: Pixels, weight: Pixels) -> Pixels:
    """Return `mixed`, which has `weight` `(H, W, 1)` of `other`, with the local contrast that the two have.

    The mean of strokes that do not lie upon one another is flatter than they are. Details are multiplied by
    ``sqrt(((1 - w) v_1 + w v_2) / v)``, where ``v`` is the local variance of a picture (1 to `MOST_GAIN`).
    """
    cv2, side = load_cv2(), (CONTRAST_SIDE, CONTRAST_SIDE)
    means = [cv2.blur(picture, side) for picture in (mixed, one, other)]
    now, first, second = (
        cv2.blur(((picture - mean) ** 2).mean(2), side)[..., None]
        for picture, mean in zip((mixed, one, other), means, strict=True)
    )
    wanted = first + weight * (second - first)
    gain = np.sqrt(wanted / np.maximum(now, 1e-6)).clip(1, MOST_GAIN)
    kept: Pixels = (means[0] + gain * (mixed - means[0])).clip(0, 1)
    return kept
