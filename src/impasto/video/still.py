"""Where a clip stands still: places whose painting is kept bit for bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from impasto.video.flow import Bytes, Flow, load_cv2

if TYPE_CHECKING:
    from impasto.video.frame import Pixels

# Mean change in levels of a small surrounding up to which a place counts as unchanged: this multiple of the clip's
# noise, within these limits.
NOISE_FACTOR = 2.2
LEAST_CHANGE, LARGEST_CHANGE = 2.0, 9.0
# Change of brightness per pixel, in levels, from which a place has enough texture to show whether it moves.
TEXTURE = 6.0
# Side of the surrounding in which textured places decide for flat ones, as a share of the frame's longer side.
SURROUNDING = 0.06
# Share of textured places that is scarcely any.
SCARCE = 0.004
# The camera is fixed if this many times as many textured places stand still as move, a large moving thing included.
FIXED_CAMERA = 0.5
# Displacements in pixels up to which the flow speaks for standing still, and from which it speaks against it.
STILL_FLOW, MOVING_FLOW = 0.12, 0.5
FOR_STILL, AGAINST_STILL = 4.0, 0.25


def noise_level(left_over: Pixels) -> float:
    """Return the noise in levels, from the `change` `(h, w)` that is left after motion compensation.

    It is the quarter of the places that change least; an inexact flow makes it too large, so `still_mask` limits it.
    """
    return float(np.percentile(left_over[::3, ::3], 25))


def change(first: Bytes, second: Bytes) -> Pixels:
    """Return the mean change in levels around each pixel `(h, w)`, of the channel that changes most."""
    cv2 = load_cv2()
    red, green, blue = cv2.split(cv2.absdiff(first, second))
    largest = cv2.max(cv2.max(red, green), blue).astype(np.float32)
    blurred: Pixels = cv2.blur(largest, (5, 5))
    return blurred


def still_mask(reference: Bytes, later: Bytes, flow: Flow, noise: float) -> Pixels:
    """Return `(h, w)` from 0 to 1: exactly 1 where the later frame shows what `reference` shows, at the same place.

    A flat place looks the same whether it stands still or moves with its surrounding. It counts as still where most of
    the textured places around it do, weighted by the flow.
    """
    cv2 = load_cv2()
    changed = change(reference, later)
    limit = min(max(NOISE_FACTOR * noise, LEAST_CHANGE), LARGEST_CHANGE)
    unchanged = (changed < limit).astype(np.float32)
    grey = cv2.cvtColor(later, cv2.COLOR_RGB2GRAY)
    slope = cv2.max(
        cv2.convertScaleAbs(cv2.Sobel(grey, cv2.CV_16S, 1, 0), alpha=1 / 8),
        cv2.convertScaleAbs(cv2.Sobel(grey, cv2.CV_16S, 0, 1), alpha=1 / 8),
    )
    textured = (slope > TEXTURE).astype(np.float32)
    side = max(3, round(max(later.shape) * SURROUNDING) | 1)
    standing = cv2.blur(textured * unchanged, (side, side))
    moving = cv2.blur(textured * (1 - unchanged), (side, side))
    x, y = cv2.split(cv2.blur(flow, (9, 9)))  # the mean first: errors of the flow cancel out
    length = cv2.max(np.abs(x), np.abs(y))
    moves = ((length - STILL_FLOW) * (1 / (MOVING_FLOW - STILL_FLOW))).clip(0, 1)
    trust = FOR_STILL + (AGAINST_STILL - FOR_STILL) * moves
    if float(standing.mean()) > FIXED_CAMERA * float(moving.mean()):
        # A fixed camera: the flow of flat places is noise, and says nothing against them.
        trust = np.maximum(trust, 1)
        likely = trust * standing + SCARCE >= moving
    else:
        likely = trust * standing > moving + SCARCE
    still = unchanged * likely
    # Single places within a changing surrounding would stick like dirt on a lens.
    around = cv2.blur(still, (7, 7))
    soft: Pixels = still * np.clip(2 * around - 0.6, 0, 1)
    return soft
