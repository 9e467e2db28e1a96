"""Clips made for tests: pictures with known colours and times, tones as sound, and damage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

av = pytest.importorskip(
    "av", exc_type=ImportError
)  # modules that make clips are skipped without the extra video

from av.video.reformatter import ColorRange, Interpolation  # noqa: E402

from impasto.video.frame import PainterState, VideoFrame  # noqa: E402

FINE = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)
ODD_TIMES = (0, 400, 1024, 1500, 2600, 3000, 3072, 4000, 5200, 5632)  # of 1/15360 s


def picture(index: int, height: int, width: int) -> np.ndarray:
    """Return frame ``index``: flat blocks of colour that differ from frame to frame, and a moving bar; uint8."""
    blocks = np.array(
        [[(200, 40, 30), (30, 160, 60), (40, 60, 190)], [(240, 230, 90), (128, 128, 128), (20, 20, 24)]],
        np.float32,
    )
    rows = np.minimum(np.arange(height) * 2 // height, 1)
    columns = np.minimum(np.arange(width) * 3 // width, 2)
    image = blocks[rows][:, columns].copy()
    image += 4 * np.sin(index)
    bar = (index * 4) % max(1, width - 8)
    image[:, bar : bar + 8] = (250, 250, 250)
    return (image.clip(0, 255) + 0.5).astype(np.uint8)


def make_clip(
    path: Path,
    *,
    frames: int = 10,
    size: tuple[int, int] = (64, 96),
    rate: Fraction = Fraction(30),
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    times: Sequence[int] | None = None,
    tick: Fraction = Fraction(1, 15360),
    sound: str | None = None,
    sound_seconds: float | None = None,
    matrix: int | None = 1,
    full_range: bool = False,
    rotation: int | None = None,
    options: dict[str, str] | None = None,
    pictures: Sequence[np.ndarray] | None = None,
) -> Path:
    """Write a clip and return its path; ``matrix`` None leaves matrix and range out of the file."""
    height, width = size
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width, stream.pix_fmt = height, width, pixel_format
        context = stream.codec_context
        context.time_base, context.thread_count = tick, 1
        if codec == "libx264" and not options:
            context.options = {"crf": "8", "preset": "fast"}
        if codec == "libx265":
            context.options = {"x265-params": "log-level=none", "crf": "10"}
        scaler = {None: 5, 1: 1, 6: 5, 9: 9}[matrix]
        if matrix is not None:
            context.colorspace = matrix
            context.color_range = 2 if full_range else 1
        if rotation is not None:
            stream.set_display_rotation(rotation)
        audio = output.add_stream(sound, rate=48000) if sound else None
        if audio is not None:
            audio.codec_context.layout = "stereo"
        for index in range(frames):
            image = picture(index, height, width) if pictures is None else pictures[index]
            deep = image.dtype == np.uint16
            frame = av.VideoFrame.from_ndarray(image, format="rgb48le" if deep else "rgb24")
            if not pixel_format.startswith(("rgb", "bgr", "gbr")):
                frame = frame.reformat(
                    format=pixel_format,
                    dst_colorspace=scaler,
                    src_color_range=ColorRange.JPEG,
                    dst_color_range=ColorRange.JPEG if full_range else ColorRange.MPEG,
                    interpolation=FINE,
                )
            frame.time_base = tick
            frame.pts = round(index / rate / tick) if times is None else times[index]
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if audio is not None:
            seconds = float(frames / rate) if sound_seconds is None else sound_seconds
            _add_tone(output, audio, seconds)
    return path


def _add_tone(output: Any, stream: Any, seconds: float) -> None:
    count = round(48000 * seconds)
    wave = (np.sin(np.arange(count) * 0.05) * 9000).astype(np.int16)
    resampler = av.AudioResampler(format=stream.codec_context.format, layout="stereo", rate=48000)
    frame = av.AudioFrame.from_ndarray(
        np.stack([wave, wave // 2], 1).reshape(1, -1), format="s16", layout="stereo"
    )
    frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
    fifo = av.AudioFifo()
    for part in resampler.resample(frame):
        fifo.write(part)
    size = stream.codec_context.frame_size or 1024
    while (part := fifo.read(size, partial=True)) is not None:
        output.mux(stream.encode(part))
    output.mux(stream.encode(None))


def read_clip(path: Path) -> tuple[list[Fraction], list[np.ndarray]]:
    """Return the times and RGB frames of a clip, decoded by PyAV with the tags that are in it."""
    times, images = [], []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        for frame in container.decode(stream):
            times.append(frame.pts * frame.time_base)
            rgb = frame.reformat(format="rgb24", dst_color_range=ColorRange.JPEG, interpolation=FINE)
            images.append(rgb.to_ndarray())
    return times, images


def sound_packets(path: Path) -> list[tuple[Fraction, bytes]]:
    """Return the times and bytes of the packets of the first audio stream."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        return [
            (packet.pts * packet.time_base, bytes(packet))
            for packet in container.demux(stream)
            if packet.size
        ]


class TrailPainter:
    """A painter with memory: every frame is half itself and half the last painted frame, upside-down colours."""

    def __init__(self) -> None:
        self.last: np.ndarray | None = None
        self.count = 0

    def paint(self, frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
        for frame in frames:
            painted = 1 - frame.pixels
            if self.last is not None:
                painted = (painted + self.last) / 2
            self.last = painted.astype(np.float32)
            self.count += 1
            yield VideoFrame(frame.index, frame.time, self.last, frame.masks, frame.protect)

    def state(self) -> PainterState:
        return {"count": self.count} if self.last is None else {"count": self.count, "last": self.last}

    def restore(self, state: PainterState) -> None:
        self.count = int(state["count"])
        last = state.get("last")
        self.last = last if isinstance(last, np.ndarray) else None
