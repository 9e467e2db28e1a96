"""The method `keyframes`: a few painted frames, moved to the others along the flow from both sides.

Between two keyframes, one painting is carried forwards and one backwards, and the first fades into the second. What the
flow cannot reach is painted in one pass (see `impasto.video.carried`). Keyframes are painted by the optimiser, or given
as pictures (Jamriška et al., "Stylizing Video by Example", SIGGRAPH 2019, propagate given keyframes too, by patch
matching).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice, pairwise, starmap
from typing import TYPE_CHECKING

import numpy as np

from impasto.feedforward.pretrained import LIVE_NETWORK
from impasto.imaging import read_picture, resize, to_channels_last
from impasto.video.calm import Calm, Memory, Track
from impasto.video.carried import Carried, Key, blend
from impasto.video.fast import finish
from impasto.video.flow import Bytes, Motion, as_bytes
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
# Seconds by which the time of a given picture may miss that of its frame.
TOLERANCE = 5e-4


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
        return {**last.to_state(), **({} if self._first is None else self._first.to_state("first."))}

    def restore(self, state: PainterState) -> None:
        """Go on after the frame of `state`; begin anew with an empty one."""
        self._first = Memory.from_state(state, "first.")
        self._last = self._yielded = last = Carried.from_state(state)
        self._pending = deque(self.given)
        if last is not None:
            self._pending = deque(pair for pair in self.given if pair[0] > last.time + TOLERANCE)

    def _read_part(
        self, first: VideoFrame, frames: Iterator[VideoFrame]
    ) -> tuple[list[VideoFrame], VideoFrame | None]:
        """Return the frames up to the next keyframe or the end of the scene, and the first frame of the next part.

        That is the keyframe itself, or the first frame of the next scene.
        """
        last = self._last
        start = first.index if last is None else last.key.index
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
        begin = self._carry(self._last, part[0], alone[0])
        if self.settings.loop and self._first is None:
            self._first = begin.memory
        end = self._end(part[-1], alone[-1], begin, goes_on)
        onward, back = self._tracks(part, begin, end)
        behind = [replace(one, place=None) for one in self._follow(end, part[::-1], alone[::-1], back)][::-1]
        both = zip(part, self._follow(begin, part, alone, onward), behind, strict=True)
        for frame, one, other in islice(both, len(part) - goes_on):
            self._last = self._yielded = one
            share = self.network.style_at(float(frame.time)).share
            length = max(1, other.key.index - one.key.index)
            picture = blend(one, other, (frame.index - one.key.index) / length)
            yield finish(frame, picture, share, self.settings.colors)
        if goes_on:
            self._last = end

    def _tracks(
        self, part: Sequence[VideoFrame], begin: Carried, end: Carried
    ) -> tuple[list[Track], list[Track]]:
        """Return how the frames of a part follow one another, and how they do in reversed order."""
        sources = [as_bytes(frame.pixels) for frame in part]
        small = map(self.calm.search.small, sources)
        motions = list(starmap(self.calm.search.motions, pairwise(small)))
        onward, back = ([motion[way] for motion in motions] for way in (0, 1))
        return (
            self._chained(begin.memory.reference, sources, onward),
            self._chained(end.memory.reference, sources[::-1], back[::-1]),
        )

    def _chained(self, reference: Bytes, sources: list[Bytes], motions: list[Motion]) -> list[Track]:
        """Return how frames follow one another, of which the first was painted from `reference`."""
        tracks: list[Track] = []
        for (source, frame), motion in zip(pairwise(sources), motions, strict=True):
            tracks.append(self.calm.track(source, reference, frame, motion))
            reference = tracks[-1].reference
        return tracks

    def _follow(
        self, key: Carried, part: Sequence[VideoFrame], alone: Sequence[Pixels], tracks: Sequence[Track]
    ) -> Iterator[Carried]:
        """Yield the keyframe of the first of some frames, and what is carried of it along the tracks to the others."""
        yield key
        for frame, picture, track in zip(part[1:], alone[1:], tracks, strict=True):
            key = key.follow(self.calm, frame, picture, track)
            yield key

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
        return last.follow(self.calm, frame, alone, track)

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
        key = Key(frame.index, painted, None if self.given else painted - alone)
        return Carried(key, self.calm.start(frame.pixels, painted), reach, frame.index, float(frame.time))

    def _end(self, frame: VideoFrame, alone: Pixels, forward: Carried, goes_on: bool) -> Carried:
        """Return the keyframe at the end of a part, in a loop that of the clip's first frame moved to it."""
        if forward.key.index == frame.index:
            return forward
        first = self._first
        if goes_on or first is None or self.cuts.is_cut(forward.memory.source, first.source):
            return self._keyframe(frame, alone)
        key = Carried(Key(frame.index, first.painted), first, np.ones_like(forward.reach), -1)
        return self._carry(key, frame, self._keyframe(frame, alone).memory.painted)
