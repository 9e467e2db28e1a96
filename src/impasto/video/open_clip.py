"""Opening a clip of any kind, and choosing which of its frames are painted."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from impasto.errors import InputError
from impasto.imaging import check_file, fit, resize_array
from impasto.video.clip import Clip, ClipInfo, DecodedFrame
from impasto.video.container_clip import ContainerClip
from impasto.video.frame import Pixels
from impasto.video.picture_clips import (
    DEFAULT_RATE,
    AnimationClip,
    SequenceClip,
    is_animation,
    sequence_files,
)
from impasto.video.settings import VideoSettings


def open_clip(path: str | Path, fps: float | None = None) -> Clip:
    """Return the clip in a file, in a folder of pictures, or in files named like ``frames/%04d.png``.

    ``fps`` is the rate of pictures; other clips have their own. Raises `InputError` for what is no clip.
    """
    source = Path(path)
    files = sequence_files(source)
    if files is not None:
        return SequenceClip(source, files, exact_rate(fps or DEFAULT_RATE))
    check_file(source)
    return AnimationClip(source) if is_animation(source) else ContainerClip(source)


def exact_rate(fps: float) -> Fraction:
    """Return a number of frames a second as a fraction; 23.976, 29.97 and 59.94 are those of NTSC, 30000/1001.

    >>> exact_rate(29.97), exact_rate(12.5)
    (Fraction(30000, 1001), Fraction(25, 2))
    """
    film = Fraction(round(fps * 1.001) * 1000, 1001)
    is_film = fps != round(fps) and abs(fps - film) < 0.001
    return film if is_film else Fraction(fps).limit_denominator(1000)


def painted_size(info: ClipInfo, size: int | None) -> tuple[int, int]:
    """Return the (height, width) at which a clip is painted; it is never enlarged."""
    if size is None or size >= max(info.height, info.width):
        return (info.height, info.width)
    return fit(info.height, info.width, size)


def painted_frames(info: ClipInfo, settings: VideoSettings) -> int:
    """Return how many frames the settings paint, as far as the file's own figures are right; 0 if unknown."""
    stop = info.duration if settings.stop is None else min(Fraction(settings.stop), info.duration)
    rate = resampled_rate(info, settings) or info.rate
    whole = settings.start == 0 and stop == info.duration and rate == info.rate
    return info.frames if whole and info.frames else max(0, round((stop - Fraction(settings.start)) * rate))


def resampled_rate(info: ClipInfo, settings: VideoSettings) -> Fraction | None:
    """Return the rate to which frames are resampled; None keeps the clip's own frames and times."""
    if settings.fps is None or info.kind == "pictures":
        return None
    return exact_rate(settings.fps)


def chosen_frames(
    clip: Clip, settings: VideoSettings, after: Fraction | None = None
) -> Iterator[DecodedFrame]:
    """Yield the frames of ``clip`` that are painted, with their times in the clip.

    ``after`` is the time of the last frame that is painted already. Raises `InputError` if there are none at all.
    """
    start = Fraction(settings.start)
    stop = None if settings.stop is None else Fraction(settings.stop)
    rate = resampled_rate(clip.info, settings)
    found = after is not None
    frames = clip.frames(start if after is None else max(start, after))
    last_end = Fraction(0)
    for frame in frames if rate is None else _resampled(frames, rate, start):
        last_end = frame.time + frame.duration
        if stop is not None and frame.time >= stop:
            break
        if frame.time >= start and (after is None or frame.time > after):
            found = True
            yield frame
    if not found:
        raise InputError(
            f"'{clip.info.path}' has no frame from second {settings.start:g}"
            f"{'' if stop is None else f' to {float(stop):g}'}; it ends at {float(last_end):.2f}."
        )


def _resampled(frames: Iterator[DecodedFrame], rate: Fraction, start: Fraction) -> Iterator[DecodedFrame]:
    """Yield at every tick of ``rate`` from ``start`` on the frame that is shown then."""
    shown: DecodedFrame | None = None
    index = 0

    def until(end: Fraction) -> Iterator[DecodedFrame]:
        nonlocal index
        while (time := start + index / rate) < end:
            if shown is not None:
                yield DecodedFrame(time, 1 / rate, shown.pixels)
            index += 1

    for frame in frames:
        yield from until(frame.time)
        shown = frame
    if shown is not None:
        yield from until(shown.time + shown.duration)


def sized_pixels(frame: DecodedFrame, size: tuple[int, int]) -> Pixels:
    """Return the pixels of a frame at ``size`` (height, width)."""
    pixels = frame.pixels()
    if pixels.shape[:2] == size:
        return pixels
    return np.ascontiguousarray(resize_array(pixels.transpose(2, 0, 1)[None], size)[0].transpose(1, 2, 0))
