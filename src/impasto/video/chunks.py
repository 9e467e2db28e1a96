"""Chunks of a clip that are painted apart from one another, by workers that read the clip themselves.

A chunk begins at a cut where there is one. Otherwise it warms up: its worker paints the first frame of the scene, whose
brush marks stay where a fixed camera stands still, and then some frames before the chunk, over which the chunk before
fades into it. Marks are carried from frame to frame, so that two chunks of a scene never agree exactly.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from impasto.video.encode import Samples
from impasto.video.flow import Bytes, as_bytes
from impasto.video.frame import PainterState, Pixels, VideoFrame
from impasto.video.scenes import CutDetector

# Frames of a chunk: fewer only at the end of the clip. It ends at the first cut between the two numbers.
LEAST_FRAMES, MOST_FRAMES = 24, 60
# Frames before a chunk that are painted with it, unless it begins at a cut.
FADE_FRAMES = 12
# Fields of a chunk that are times.
TIMES = ("after", "scene_after", "next_after", "next_scene_after")


@dataclass(frozen=True)
class Chunk:
    """Frames of a clip, the first with number ``first`` and all at ``times``, and ``warm`` frames before them.

    ``after`` is the time of the last frame before those, and ``scene_after`` that of the last one before the scene in
    which the chunk begins; None means the start of the clip. ``next_warm`` and so on are those of the chunk that
    follows; no ``next_warm`` means a cut.
    """

    first: int
    times: tuple[Fraction, ...]
    warm: int = 0
    after: Fraction | None = None
    scene_after: Fraction | None = None
    next_warm: int = 0
    next_after: Fraction | None = None
    next_scene_after: Fraction | None = None

    @property
    def end(self) -> int:
        """The number of the frame after the last one."""
        return self.first + len(self.times)

    def to_state(self) -> dict[str, Any]:
        """Return numbers and arrays by name, of which `from_state` makes the chunk again."""
        numbers = {name: getattr(self, name) for name in ("first", "warm", "next_warm")}
        times = {name: _numbers([time]) for name in TIMES if (time := getattr(self, name)) is not None}
        return {**numbers, **times, "times": _numbers(self.times)}

    @classmethod
    def from_state(cls, state: PainterState) -> Chunk | None:
        """Return the chunk of `to_state`, None for an empty state."""
        if "first" not in state:
            return None
        first, warm, next_warm = (int(np.asarray(state[name])) for name in ("first", "warm", "next_warm"))
        times = {name: _fractions(state[name])[0] for name in TIMES if name in state}
        return cls(first, _fractions(state["times"]), warm, next_warm=next_warm, **times)


def plan_chunks(frames: Iterable[VideoFrame], resumed: Chunk | None = None) -> Iterator[Chunk]:
    """Yield the chunks of a clip as its frames come.

    With ``resumed``, a chunk of a run before within or after which ``frames`` begin, that one comes first if frames of
    it are left, and then the same ones as in that run.
    """
    cuts = CutDetector()
    source: Bytes | None = None
    chunk, times = Chunk(0, ()), list[Fraction]()
    since_cut, scene_after = 0, None if resumed is None else resumed.next_scene_after
    history = deque[Fraction](maxlen=FADE_FRAMES + 1)
    if resumed is not None:
        history.extend(resumed.times)
        chunk = Chunk(resumed.end, (), resumed.next_warm, resumed.next_after, scene_after)
        since_cut = resumed.next_warm
    for frame in frames:
        if resumed is not None and frame.index < resumed.end:
            yield resumed
        resumed = None
        pixels = as_bytes(frame.pixels)
        cut = source is not None and cuts.is_cut(source, pixels)
        source = pixels
        if frame.index < chunk.first:
            continue
        if cut and history:
            scene_after = history[-1]
        if times and len(times) >= (LEAST_FRAMES if cut else MOST_FRAMES):
            warm = 0 if cut else min(FADE_FRAMES, since_cut)
            after = history[-1 - warm] if len(history) > warm else None
            yield replace(
                chunk,
                times=tuple(times),
                next_warm=warm,
                next_after=after,
                next_scene_after=scene_after,
            )
            chunk, times = Chunk(frame.index, (), warm, after, scene_after), []
        since_cut = 1 if cut else since_cut + 1
        times.append(frame.time)
        history.append(frame.time)
    if times:
        yield replace(chunk, times=tuple(times))


def join_chunks(painted: Iterable[tuple[Chunk, Samples]]) -> Iterator[tuple[Chunk, VideoFrame]]:
    """Yield the frames of painted chunks in their order, each with its chunk.

    The samples `(warm + frames, H, W, 3)` of a chunk begin with its warm frames, over which the last frames of the
    chunk before fade into them.
    """
    waiting: list[tuple[Chunk, VideoFrame]] = []
    for chunk, samples in painted:
        pictures = [as_floats(picture) for picture in samples]
        for (before, frame), new, share in zip(waiting, pictures, fade_shares(chunk.warm), strict=False):
            mixed = frame.pixels + share * (new - frame.pixels)
            yield before, VideoFrame(frame.index, frame.time, mixed)
        own = [
            (chunk, VideoFrame(chunk.first + number, time, pixels))
            for number, (time, pixels) in enumerate(zip(chunk.times, pictures[chunk.warm :], strict=True))
        ]
        ready = len(own) - chunk.next_warm
        yield from own[:ready]
        waiting = own[ready:]
    yield from waiting


def fade_shares(count: int) -> list[np.float32]:
    """Return the weights of the later chunk over ``count`` frames, in equal steps from near 0 to near 1.

    Equal steps show least: a fade with smooth ends has a step in the middle that is half as large again.
    """
    return [np.float32((number + 1) / (count + 1)) for number in range(count)]


def as_floats(samples: Samples) -> Pixels:
    """Return 8-bit or 16-bit samples as pixels in [0, 1]."""
    return samples.astype(np.float32) * np.float32(1 / np.iinfo(samples.dtype).max)


def _numbers(times: Iterable[Fraction]) -> np.ndarray:
    return np.array([(time.numerator, time.denominator) for time in times], np.int64).reshape(-1, 2)


def _fractions(numbers: Any) -> tuple[Fraction, ...]:
    return tuple(Fraction(int(top), int(bottom)) for top, bottom in np.asarray(numbers))
