"""The method `keyframes`: a few painted frames, moved to the others along the flow from both sides.

Between two keyframes, one painting is carried forwards and one backwards, and the first fades into the second. What the
flow cannot reach is painted in one pass. Keyframes are painted by the optimiser, or given as pictures (Jamriška et al.,
"Stylizing Video by Example", SIGGRAPH 2019, propagate given keyframes too, by patch matching).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from impasto.feedforward.pretrained import LIVE_NETWORK
from impasto.imaging import read_picture, resize, to_channels_last
from impasto.video.calm import Calm, Memory
from impasto.video.fast import finish
from impasto.video.flow import as_bytes, warp
from impasto.video.frame import PainterState, Pixels, VideoFrame
from impasto.video.one_pass import ClipNetwork
from impasto.video.optimised import FrameOptimiser
from impasto.video.read_ahead import map_ahead
from impasto.video.scenes import CutDetector

if TYPE_CHECKING:
    from impasto.imaging import PictureLike
    from impasto.video.settings import VideoSettings

# Frames from one keyframe to the next, and steps of the optimiser for one.
EVERY, STEPS = 30, 24
# Part of the way between two keyframes over which one painting fades into the other: a longer one shows two sets of
# brush marks at once.
FADE = 0.25
# Seconds by which the time of a given picture may miss that of its frame.
TOLERANCE = 5e-4


@dataclass(frozen=True, eq=False)
class Carried:
    """The painting of keyframe `start` carried to frame `index`, at `time` in seconds.

    `reach` `(H, W)` is 1 where it comes from the keyframe and 0 where it was painted in one pass.
    """

    memory: Memory
    reach: Pixels
    start: int
    index: int
    time: float = 0.0


class KeyframePainter:
    """Paints keyframes and carries them; it reads up to the next keyframe ahead. Raises what its parts raise."""

    def __init__(self, settings: VideoSettings, styles: Sequence[PictureLike], *, at_once: int = 1) -> None:
        self.settings = settings
        self.given = [(seconds, picture) for seconds, picture in settings.keyframe_files]
        styles = list(styles) or [picture for _, picture in self.given]
        self.calm, self.cuts = Calm(settings.roughness), CutDetector()
        live = settings.model_copy(update={"network": LIVE_NETWORK})
        self.network = ClipNetwork(live, styles, at_once=at_once)
        self.optimiser = FrameOptimiser(settings, styles)
        self.every = settings.keyframes or EVERY
        self._pending = deque(self.given)
        self._pictures: dict[int, PictureLike] = {}
        self._last: Carried | None = None
        self._first: Memory | None = None
        self._yielded: Carried | None = None

    def paint(self, frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
        """Yield every frame painted; up to `every` frames are read ahead."""
        ahead = chain(frames)
        while (first := next(ahead, None)) is not None:
            if self._last is not None and self.cuts.is_cut(self._last.memory.source, as_bytes(first.pixels)):
                self._last = None
            part, following = self._read_part(first, ahead)
            yield from self._paint_part(part, goes_on=following is part[-1])
            if following is not None:
                ahead = chain([following], ahead)

    def state(self) -> PainterState:
        """Return what the frame after the last yielded one needs."""
        last = self._yielded
        if last is None:
            return {}
        state: dict[str, Any] = last.memory.to_state("last.")
        if self._first is not None:
            state |= self._first.to_state("first.")
        return state | {"reach": last.reach, "start": last.start, "index": last.index, "time": last.time}

    def restore(self, state: PainterState) -> None:
        """Go on after the frame of `state`; begin anew with an empty one."""
        memory = Memory.from_state(state, "last.")
        self._first = Memory.from_state(state, "first.")
        self._last, self._pending = None, deque(self.given)
        if memory is not None:
            start, index = (int(np.asarray(state[name])) for name in ("start", "index"))
            time = float(np.asarray(state["time"]))
            self._pending = deque(pair for pair in self.given if pair[0] > time + TOLERANCE)
            self._last = Carried(memory, np.asarray(state["reach"]), start, index, time)
        self._yielded = self._last

    def _read_part(
        self, first: VideoFrame, frames: Iterator[VideoFrame]
    ) -> tuple[list[VideoFrame], VideoFrame | None]:
        """Return the frames up to the next keyframe or the end of the scene, and the first frame of the next part.

        That is the keyframe itself, or the first frame of the next scene.
        """
        last = self._last
        start = first.index if last is None else last.start
        part, source = [first], as_bytes(first.pixels)
        self._assign(first)
        if last is not None and last.index != first.index and self._is_key(first, start):
            return part, first
        for frame in frames:
            following = as_bytes(frame.pixels)
            if self.cuts.is_cut(source, following):
                return part, frame
            part.append(frame)
            source = following
            self._assign(frame)
            if self._is_key(frame, start):
                return part, frame
        return part, None

    def _is_key(self, frame: VideoFrame, start: int) -> bool:
        """Return whether a part ends at this frame."""
        if self.given:
            return frame.index in self._pictures
        return frame.index - start >= self.every

    def _assign(self, frame: VideoFrame) -> None:
        """Give the frame the picture whose second it is the first to reach."""
        while self._pending and self._pending[0][0] <= float(frame.time) + TOLERANCE:
            self._pictures[frame.index] = self._pending.popleft()[1]

    def _paint_part(self, part: list[VideoFrame], *, goes_on: bool) -> Iterator[VideoFrame]:
        """Yield the painted frames of a part; the keyframe at the end of one that goes on is left to the next part."""
        alone = list(map_ahead(self._alone, part, self.network.at_once))
        forward: list[Carried] = []
        for frame, filling in zip(part, alone, strict=True):
            forward.append(self._carry(forward[-1] if forward else self._last, frame, filling))
        if self.settings.loop and self._first is None:
            self._first = forward[0].memory
        end = self._end(part[-1], alone[-1], forward[-1], goes_on)
        behind, backward = end, [end]
        for frame, filling in zip(part[-2::-1], alone[-2::-1], strict=True):
            behind = self._carry(behind, frame, filling)
            backward.insert(0, behind)
        begin, length = forward[0].start, max(1, part[-1].index - forward[0].start)
        for frame, one, other in zip(part[: len(part) - goes_on], forward, backward, strict=False):
            self._last = self._yielded = one
            share = self.network.style_at(float(frame.time)).share
            picture = blend(one, other, (frame.index - begin) / length)
            yield finish(frame, picture, share, self.settings.colors)
        if goes_on:
            self._last = replace(end, start=part[-1].index)

    def _alone(self, frame: VideoFrame) -> Pixels:
        """Return the frame painted in one pass."""
        style = self.network.style_at(float(frame.time))
        return self.network.paint(frame, style)

    def _carry(self, last: Carried | None, frame: VideoFrame, alone: Pixels) -> Carried:
        """Return the painting carried on to a frame, or a keyframe where there is nothing to carry."""
        if last is None:
            return self._keyframe(frame, alone)
        if last.index == frame.index:
            return last
        memory = last.memory
        track = self.calm.track(memory.source, memory.reference, as_bytes(frame.pixels))
        followed = self.calm.carry(memory, track)
        moved = warp(last.reach, track.flow).clip(0, 1) * track.trust
        reach = moved + track.still * (last.reach - moved)
        memory = self.calm.merge(followed, alone, 1.0, drift=0.0)
        return Carried(memory, reach, last.start, frame.index, float(frame.time))

    def _keyframe(self, frame: VideoFrame, alone: Pixels) -> Carried:
        """Return the frame as a keyframe; where pictures are given, but none for it, nothing is reached from it."""
        reach = np.ones(frame.pixels.shape[:2], np.float32)
        given = self._pictures.get(frame.index)
        if given is not None:
            size = (frame.pixels.shape[0], frame.pixels.shape[1])
            painted = to_channels_last(resize(read_picture(given).pixels, size))
        elif self.given:
            painted, reach = alone, np.zeros_like(reach)
        else:
            style = self.network.style_at(float(frame.time))
            painted = self.optimiser.paint(frame, style, alone, self.settings.steps or STEPS)
        return Carried(
            self.calm.start(frame.pixels, painted), reach, frame.index, frame.index, float(frame.time)
        )

    def _end(self, frame: VideoFrame, alone: Pixels, forward: Carried, goes_on: bool) -> Carried:
        """Return the keyframe at the end of a part, in a loop that of the clip's first frame moved to it."""
        if forward.start == frame.index:
            return forward
        first = self._first
        if goes_on or first is None or self.cuts.is_cut(forward.memory.source, first.source):
            return self._keyframe(frame, alone)
        key = Carried(first, np.ones_like(forward.reach), frame.index, -1)
        return self._carry(key, frame, self._keyframe(frame, alone).memory.painted)


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
    return mixed
