"""Clips in containers that PyAV reads: MP4, MOV, MKV, WebM, AVI and others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from impasto.errors import PictureError
from impasto.imaging.limits import check_pixels
from impasto.video.clip import ClipInfo, DecodedFrame, ReadProblems
from impasto.video.color_tags import RGB, SRGB_TAGS, complete_tags
from impasto.video.extra import clip_errors, pyav
from impasto.video.frame import Pixels

# A file must not make FFmpeg open other files or addresses, as playlists do.
FORMATS = (
    "mov matroska avi mpegts mpeg mpegvideo flv asf ogg nut mxf dv ivf obu h264 hevc m4v yuv4mpegpipe rm wtv"
)
OPTIONS = {"protocol_whitelist": "file", "format_whitelist": FORMATS.replace(" ", ",")}
DEFAULT_RATE = Fraction(25)
CLOCK = 1_000_000  # ticks a second of FFmpeg's own clock
ATTACHED_PICTURE = 1024  # AV_DISPOSITION_ATTACHED_PIC: the cover of a sound file


class ContainerClip:
    """A clip that PyAV reads; raises `PictureError` for a file without a readable frame."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems = ReadProblems()
        self._interlaced = False
        # One for all frames: a new one for each costs time, and memory that grows with the clip.
        self._reformatter = pyav().video.reformatter.VideoReformatter()
        with clip_errors(path), open_container(path) as container:
            stream = video_stream(container, path)
            first = next(self._decode(container, stream), None)
            if first is None:
                raise PictureError(f"'{path}' has no frame that can be read; give another clip.")
            self._interlaced = bool(first.interlaced_frame)
            # Read once: the side data of a frame refers back to it, so that Python would free frames late.
            self._matrix = display_matrix(first)
            self.info = _describe(path, container, stream, first, turned=bool(self._matrix[1]))
        self.problems = ReadProblems()

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[DecodedFrame]:
        """Yield the frames from the last key frame at or before ``start`` (see `Clip`)."""
        if start > 0 and not self._interlaced:
            kept = self.problems
            frames = self._read(start)
            first = next(frames, None)
            if first is not None and first.time <= start:
                yield first
                yield from frames
                return
            self.problems = kept
        yield from self._read(Fraction(0))

    def _read(self, start: Fraction) -> Iterator[DecodedFrame]:
        self.problems = ReadProblems()
        info, last = self.info, Fraction(-1)
        with clip_errors(self.path), open_container(self.path) as container:
            stream = video_stream(container, self.path)
            if start > 0:
                container.seek(int((start + info.origin) / stream.time_base), stream=stream, backward=True)
            end = Fraction(0)
            for frame in self._deinterlaced(container, stream):
                time = _time(frame, stream, last + 1 / info.rate + info.origin) - info.origin
                if time <= last:
                    continue  # a time stamp that does not grow: players do not show such a frame
                last = time
                duration = Fraction(frame.duration or 0) * (frame.time_base or 0) or 1 / info.rate
                end = time + duration
                yield DecodedFrame(
                    time, duration, partial(to_pixels, frame, info, self._reformatter, self._matrix)
                )
        if info.duration - end > max(Fraction(1, 2), 2 / info.rate):
            self.problems.ends_at = end

    def _deinterlaced(self, container: Any, stream: Any) -> Iterator[Any]:
        """Yield the decoded frames; interlaced ones are made whole by the filter bwdif."""
        frames = self._decode(container, stream)
        if not self._interlaced:
            yield from frames
            return
        av = pyav()
        graph = av.filter.Graph()
        source = graph.add_buffer(template=stream)
        bwdif, sink = graph.add("bwdif", "mode=send_frame:deint=interlaced"), graph.add("buffersink")
        source.link_to(bwdif)
        bwdif.link_to(sink)
        graph.configure()
        for frame in frames:
            graph.push(frame)
            yield from _pulled(graph, av)
        graph.push(None)
        yield from _pulled(graph, av)

    def _decode(self, container: Any, stream: Any) -> Iterator[Any]:
        """Yield the frames of ``stream``; packets that cannot be decoded are counted and left out."""
        av = pyav()
        stream.thread_type = "AUTO"
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:
                packet = None  # the file ends in the middle of a packet
                self.problems.broken += 1
            if packet is None:
                break
            try:
                frames = packet.decode()
            except av.FFmpegError:
                self.problems.broken += 1
                continue
            for frame in frames:
                self.problems.broken += bool(frame.is_corrupt)
                yield frame


def open_container(path: Path) -> Any:
    """Return the open container; raises what PyAV raises."""
    return pyav().open(str(path), metadata_errors="replace", options=OPTIONS)


def video_stream(container: Any, path: Path) -> Any:
    """Return the first video stream that is no cover; raises `PictureError` if there is none."""
    for stream in container.streams.video:
        if not int(stream.disposition) & ATTACHED_PICTURE and stream.codec_context is not None:
            return stream
    raise PictureError(f"'{path}' has no pictures that move, only sound or data; give a clip.")


def to_pixels(frame: Any, info: ClipInfo, reformatter: Any, matrix: tuple[int, int, int, int]) -> Pixels:
    """Return a decoded frame as upright float32 RGB ``(H, W, 3)`` in [0, 1], by the clip's matrix and range."""
    from av.video.reformatter import ColorRange, Interpolation

    colors, deep = info.colors, info.bits > 8
    array = reformatter.reformat(
        frame,
        format="rgb48le" if deep else "rgb24",
        src_colorspace=None if colors.matrix == RGB else colors.scaler_matrix,
        src_color_range=colors.range_code,
        dst_color_range=ColorRange.JPEG,
        interpolation=Interpolation.BICUBIC
        | Interpolation.ACCURATE_RND
        | Interpolation.FULL_CHR_H_INT
        | Interpolation.FULL_CHR_H_INP,
    ).to_ndarray()
    pixels = array.astype(np.float32) * np.float32(1 / (65535 if deep else 255))
    return np.ascontiguousarray(upright(pixels, matrix))


def display_matrix(frame: Any) -> tuple[int, int, int, int]:
    """Return the signs (a, b, c, d) of a frame's display matrix: x' = a x + c y, y' = b x + d y."""
    for side_data in frame.side_data:
        if "DISPLAYMATRIX" in str(side_data.type):
            a, b, _, c, d = np.frombuffer(bytes(side_data), "<i4")[:5]
            if abs(int(a)) >= abs(int(b)):
                return (int(np.sign(a)), 0, 0, int(np.sign(d)))
            return (0, int(np.sign(b)), int(np.sign(c)), 0)
    return (1, 0, 0, 1)


def upright(pixels: Pixels, matrix: tuple[int, int, int, int]) -> Pixels:
    """Return a view of ``(H, W, 3)`` pixels turned and mirrored by a display matrix."""
    a, b, c, d = matrix
    if b:
        pixels = pixels.swapaxes(0, 1)
        a, d = c, b
    return pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]


def _pulled(graph: Any, av: Any) -> Iterator[Any]:
    while True:
        try:
            yield graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return


def _time(frame: Any, stream: Any, default: Fraction) -> Fraction:
    stamp = frame.pts if frame.pts is not None else frame.dts
    return default if stamp is None else Fraction(stamp) * (frame.time_base or stream.time_base)


def _describe(path: Path, container: Any, stream: Any, first: Any, *, turned: bool) -> ClipInfo:
    check_pixels(first.width, first.height, f"'{path}'")
    height, width = (first.width, first.height) if turned else (first.height, first.width)
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    rate = Fraction(stream.average_rate or stream.guessed_rate or DEFAULT_RATE)
    rate = rate if 0 < rate <= 1000 else DEFAULT_RATE
    duration = (
        stream.duration * stream.time_base if stream.duration else Fraction(container.duration or 0, CLOCK)
    )
    info = ClipInfo(
        path=path,
        kind="container",
        height=height,
        width=width,
        rate=rate,
        duration=Fraction(duration),
        frames=stream.frames or round(duration * rate),
        tick=Fraction(stream.time_base),
        colors=complete_tags(
            first.colorspace,
            first.color_range,
            first.color_primaries,
            first.color_trc,
            (first.height, first.width),
            first.format.name,
        ),
        bits=max(component.bits for component in first.format.components),
        origin=_time(first, stream, Fraction(0)),
        pixel_aspect=(1 / aspect if turned else aspect) if aspect > 0 else Fraction(1),
        codec=stream.codec_context.name,
        audio=tuple(audio.codec_context.name for audio in container.streams.audio if audio.codec_context),
    )
    # Palettes say nothing about range and matrix.
    return replace(info, colors=SRGB_TAGS, bits=8) if first.format.name == "pal8" else info
