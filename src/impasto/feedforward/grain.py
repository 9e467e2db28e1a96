"""Grain that a photograph gets before the network paints it, so that even areas are not all filled with one mark.

A convolutional network gives equal surroundings equal marks. A little noise makes no two places equal. This module does
not import torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 512
# Longest period in pixels: longer waves would change the picture's layout of light.
LONGEST = 64
SEED = 20261129


@cache
def grain_tile() -> NDArray[np.float32]:
    """Return pink noise `(512, 512)` of mean 0 and deviation 1 that repeats seamlessly.

    Its amplitude is proportional to 1 / f for frequencies f from 1 / 64 to 1 / 2 a pixel, so that every octave, and
    with it every resolution of a network, has the same power.
    """
    white = np.random.Generator(np.random.PCG64(SEED)).standard_normal((SIDE, SIDE))
    frequency = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None, :])
    amplitude = np.zeros_like(frequency)
    kept = frequency >= 1 / LONGEST
    amplitude[kept] = 1 / frequency[kept]
    noise = np.fft.irfft2(np.fft.rfft2(white) * amplitude, s=(SIDE, SIDE))
    tile: NDArray[np.float32] = ((noise - noise.mean()) / noise.std()).astype(np.float32)
    return tile


def grain(height: int, width: int, top: int = 0, left: int = 0) -> NDArray[np.float32]:
    """Return the grain `(height, width)` of the pixels from row `top` and column `left` on."""
    rows, columns = (np.arange(top, top + height) % SIDE), (np.arange(left, left + width) % SIDE)
    part: NDArray[np.float32] = grain_tile()[rows[:, None], columns]
    return part


def card_grain(
    card: Mapping[str, Any], height: int, width: int, top: int = 0, left: int = 0
) -> NDArray[np.float32] | None:
    """Return the grain `(height, width)` of a network's training, whose deviation its card holds; None without one.

    It is that of the pixels from row `top` and column `left` on.
    """
    deviation = float(card.get("grain", 0.0))
    return np.float32(deviation) * grain(height, width, top, left) if deviation else None
