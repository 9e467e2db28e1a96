"""Cuts between scenes, where nothing of the last frame is carried on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.video.flow import Bytes, MotionSearch, load_cv2, warp_bytes

# Longer side in pixels at which two frames are compared.
SIDE = 96
BINS = 4
# Share of the pixels that change their colour, 0 to 1, and mean change in levels that motion does not explain. A quick
# pan changes few colours, and a lamp that is switched on keeps the shapes.
HISTOGRAM_CHANGE = 0.12
LEFT_OVER = 30.0


class CutDetector:
    """Tells whether two frames that follow one another belong to different scenes."""

    def __init__(self) -> None:
        self._search = MotionSearch(SIDE)

    def is_cut(self, earlier: Bytes, later: Bytes) -> bool:
        """Return whether there is a cut between two frames `(H, W, 3)`, of any one size."""
        first, second = self._search.small(earlier), self._search.small(later)
        if histogram_change(first, second) < HISTOGRAM_CHANGE:
            return False
        flow = self._search.motion(first, second).flow
        left = load_cv2().absdiff(warp_bytes(first, flow), second)
        return bool(left.mean() > LEFT_OVER)


def histogram_change(first: Bytes, second: Bytes) -> float:
    """Return the share of pixels, 0 to 1, by which the colour histograms of two frames `(h, w, 3)` differ."""
    return float(np.abs(_histogram(first) - _histogram(second)).sum() / 2)


def _histogram(frame: Bytes) -> NDArray[np.float32]:
    """Return the share of the pixels in each of `(BINS, BINS, BINS)` ranges of colours."""
    cv2 = load_cv2()
    counts: NDArray[np.float32] = cv2.calcHist([frame], [0, 1, 2], None, [BINS] * 3, [0, 256] * 3)
    shares: NDArray[np.float32] = counts / counts.sum()
    return shares
