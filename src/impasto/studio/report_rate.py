"""How often a worker reports to the server: progress and previews at limited rates."""

from __future__ import annotations

import time

PREVIEW_SIDE = 512
PREVIEW_SECONDS = 1.0
# After a preview that took t seconds there is none for 25 t: previews take at most 4 % of the time.
PREVIEW_SHARE = 25.0
STEP_SECONDS = 0.05


class ReportRate:
    """Tells when a run may report its progress, and when it may make its next preview."""

    def __init__(self) -> None:
        self._next_step = self._next_preview = 0.0

    def step_due(self, *, is_last: bool) -> bool:
        """Return whether to report a step now; the last one is always reported."""
        now = time.monotonic()
        if now < self._next_step and not is_last:
            return False
        self._next_step = now + STEP_SECONDS
        return True

    def preview_due(self) -> bool:
        """Return whether to make a preview now."""
        return time.monotonic() >= self._next_preview

    def previewed(self, began: float) -> None:
        """Take over that a preview was made, which began at a time of `time.monotonic`."""
        seconds = time.monotonic() - began
        self._next_preview = began + max(PREVIEW_SECONDS, PREVIEW_SHARE * seconds)
