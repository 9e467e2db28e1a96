"""Loops: the last frames of a clip lead back to its first one.

A clip whose last frame is followed by its first one may still jump when it is painted, because brush marks were carried
along for the length of the clip. The first frame's marks are therefore carried backwards over the last frames, and the
forward painting fades into the backward one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from impasto.video.calm import Calm, Memory
from impasto.video.frame import Pixels, VideoFrame
from impasto.video.one_pass import SceneStatistics, Style
from impasto.video.scenes import CutDetector

# Frames over which forward and backward painting fade; so many are read ahead.
FADE_FRAMES = 16


@dataclass(frozen=True, eq=False)
class Step:
    """What one frame leaves: the `memory` of it joined to the frames before, its style, and the scene's statistics.

    Loops also keep the memory of the clip's `first` frame, the frame painted `alone`, and what is `shown` in place of
    the memory's painting. `cut` tells that a scene begins here. A step restored from a state has no `frame`.
    """

    frame: VideoFrame | None
    memory: Memory
    style: Style
    scene: SceneStatistics | None
    first: Memory | None = None
    cut: bool = False
    alone: Pixels | None = None
    shown: Pixels | None = None


def close_loop(steps: Iterable[Step], calm: Calm, cuts: CutDetector) -> Iterator[Step]:
    """Yield the steps, the last ones with a painting that leads back to the first frame's.

    The memories of the steps stay those of the forward painting. `FADE_FRAMES` are read ahead.
    """
    ahead: deque[Step] = deque()
    for step in steps:
        assert step.alone is not None
        ahead.append(replace(step, alone=step.alone.astype(np.float16)))
        if len(ahead) > FADE_FRAMES:
            yield replace(ahead.popleft(), alone=None)
    yield from _closed(list(ahead), calm, cuts)


def _closed(last: list[Step], calm: Calm, cuts: CutDetector) -> list[Step]:
    """Return the last steps of a clip with what they show."""
    backward = last[-1].first if last else None
    if backward is None or cuts.is_cut(last[-1].memory.source, backward.source):
        return last
    shown = list(last)
    assert last[-1].frame is not None
    count = min(FADE_FRAMES, last[-1].frame.index // 2)
    for left, step in zip(range(count), reversed(last), strict=False):
        assert step.alone is not None
        assert step.frame is not None
        backward = calm.join(backward, step.frame.pixels, step.alone.astype(np.float32))
        forward = step.memory.painted
        blended = forward + fade_share(left, count) * (backward.painted - forward)
        shown[len(last) - 1 - left] = replace(step, shown=blended)
        if step.cut:
            break
    return shown


def fade_share(frames_left: int, count: int) -> np.float32:
    """Return the weight of the backward painting, 1 at the last frame and 0 before the last `count`; smooth."""
    t = 1 - frames_left / max(1, count)
    return np.float32(max(0.0, t * t * (3 - 2 * t)))
