"""Clips with known motion."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from impasto.video.frame import Pixels, VideoFrame

HEIGHT, WIDTH = 96, 128


def texture(height: int = HEIGHT, width: int = WIDTH, seed: int = 0) -> Pixels:
    """Return smooth random colours, whose motion can be seen everywhere."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft2(rng.standard_normal((3, height, width)))
    rate = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    waves = np.fft.irfft2(spectrum * np.exp(-((rate / 0.06) ** 2)), s=(height, width))
    colours: Pixels = (0.5 + 0.18 * waves / waves.std()).clip(0, 1).transpose(1, 2, 0).astype(np.float32)
    return np.ascontiguousarray(colours)


def panned(step: int, frames: int) -> list[Pixels]:
    """Return windows of one texture that move to the right by ``step`` pixels a frame."""
    whole = texture(width=WIDTH + step * frames)
    return [whole[:, step * t : step * t + WIDTH].copy() for t in range(frames)]


def moving_square(step: int, frames: int) -> list[Pixels]:
    """Return a still texture with a square of another one that moves to the right."""
    ground, square = texture(), texture(32, 32, seed=1)
    clip = []
    for t in range(frames):
        frame = ground.copy()
        frame[32:64, 16 + step * t : 48 + step * t] = square
        clip.append(frame)
    return clip


def as_frames(pictures: list[Pixels], rate: int = 10) -> Iterator[VideoFrame]:
    """Yield the pictures as frames of a clip."""
    for index, pixels in enumerate(pictures):
        yield VideoFrame(index, Fraction(index, rate), pixels)
