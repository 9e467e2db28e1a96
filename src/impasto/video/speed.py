"""How fast frames are painted, over the last ones."""

from __future__ import annotations

import math
import time
from collections import deque

# Frames over which the speed is measured.
RECENT = 48


class FrameSpeed:
    """Measures frames a second. The first frame counts as the start: networks are opened for it."""

    def __init__(self) -> None:
        self._times: deque[tuple[float, int]] = deque(maxlen=RECENT)

    def add(self, done: int) -> None:
        """Note that ``done`` frames are painted now."""
        self._times.append((time.monotonic(), done))

    @property
    def per_second(self) -> float | None:
        """Frames a second; None before the second frame."""
        if not self._times:
            return None
        (first, before), (last, done) = self._times[0], self._times[-1]
        return None if done == before or last == first else (done - before) / (last - first)

    def seconds_left(self, frames: int) -> float:
        """Return the seconds until ``frames`` are painted; NaN if unknown, as where a clip has more than it says."""
        rate, done = self.per_second, self._times[-1][1] if self._times else 0
        return math.nan if rate is None or frames < done else (frames - done) / rate
