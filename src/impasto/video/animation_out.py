"""Animated GIF and WebP, and folders of PNG files, from finished segments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from impasto.errors import OutputError
from impasto.imaging import atomic_write, write_picture
from impasto.video.encode import SegmentEncoder, VideoLayout
from impasto.video.extra import pyav, reason_of
from impasto.video.formats import ClipFormat
from impasto.video.segments import packets_in_order

# GIF counts in hundredths of a second, WebP in thousandths.
TICKS = {".gif": Fraction(1, 100), ".webp": Fraction(1, 1000)}
PNG_NAME = "{:06d}.png"

Frames = Callable[[], Iterator[tuple[Any, Fraction, Fraction]]]


def write_animation_file(
    path: Path, folder: Path, numbers: Sequence[int], clip_format: ClipFormat, layout: VideoLayout
) -> None:
    """Write an endless GIF or WebP in one step; raises `OutputError`."""
    av = pyav()

    def frames() -> Iterator[tuple[Any, Fraction, Fraction]]:
        return lossless_frames(folder, numbers, clip_format, layout)

    try:
        with atomic_write(path) as temporary:
            if clip_format.suffix == ".gif":
                # About one segment's worth of frames decides the palette, however long the clip is.
                _write_gif(temporary, frames, layout, every=max(1, len(numbers)))
            else:
                _write_webp(temporary, frames, layout)
    except av.FFmpegError as error:
        raise OutputError(f"'{path}' could not be written ({reason_of(error)}).") from error


def write_png_files(
    path: Path, folder: Path, numbers: Sequence[int], clip_format: ClipFormat, layout: VideoLayout
) -> None:
    """Write ``000001.png`` and so on into the folder ``path``, each in one step; raises `OutputError`."""
    path.mkdir(exist_ok=True)
    deep = clip_format.bits > 8
    frames, last = lossless_frames(folder, numbers, clip_format, layout), 0
    for index, (frame, _, _) in enumerate(frames, start=1):
        array = frame.to_ndarray(format="rgb48le" if deep else "rgb24").astype(np.float32)
        pixels = array.transpose(2, 0, 1) / np.float32(65535 if deep else 255)
        write_picture(path / PNG_NAME.format(index), pixels, bits=16 if deep else 8)
        last = index
    # Files of an earlier, longer run of the same output.
    while (stale := path / PNG_NAME.format(last + 1)).exists():
        stale.unlink()
        last += 1


def lossless_frames(
    folder: Path, numbers: Sequence[int], clip_format: ClipFormat, layout: VideoLayout
) -> Iterator[tuple[Any, Fraction, Fraction]]:
    """Yield the frames of lossless segments with their times, from 0, and durations in seconds."""
    av = pyav()
    context = av.CodecContext.create("ffv1", "r")
    context.thread_count = 1  # otherwise frames come out late
    context.width, context.height = layout.width, layout.height
    context.extradata = SegmentEncoder(clip_format, layout).context.extradata
    first = None
    for coded, duration in packets_in_order(folder, numbers, layout.tick):
        packet = av.Packet(coded.data)
        packet.pts = packet.dts = coded.pts
        first = coded.pts if first is None else first
        for frame in context.decode(packet):
            yield frame, (coded.pts - first) * layout.tick, duration * layout.tick


def _write_gif(path: Path, frames: Frames, layout: VideoLayout, every: int) -> None:
    """Two passes: the best 256 colours of one frame in ``every``, then all frames with error diffusion."""
    av = pyav()
    palette = _palette(frames, layout, every)
    graph = av.filter.Graph()
    size = {"width": layout.width, "height": layout.height, "time_base": TICKS[".gif"]}
    source = graph.add_buffer(format="bgr0", **size)
    colors = graph.add_buffer(format=palette.format.name, width=16, height=16, time_base=TICKS[".gif"])
    use = graph.add("paletteuse", "dither=sierra2_4a:diff_mode=rectangle")
    sink = graph.add("buffersink")
    source.link_to(use, 0, 0)
    colors.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    palette.pts, palette.time_base = 0, TICKS[".gif"]
    colors.push(palette)
    colors.push(None)
    _mux(path, "gif", "gif", "pal8", _filtered(frames, source, sink), layout, {"loop": "0"})


def _palette(frames: Frames, layout: VideoLayout, every: int) -> Any:
    av = pyav()
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=layout.width, height=layout.height, format="bgr0", time_base=TICKS[".gif"]
    )
    generate, sink = graph.add("palettegen", "stats_mode=full:reserve_transparent=0"), graph.add("buffersink")
    source.link_to(generate)
    generate.link_to(sink)
    graph.configure()
    for frame, time, _ in islice(frames(), 0, None, every):
        source.push(_stamped(frame, time, ".gif"))
    source.push(None)
    return sink.pull()


def _filtered(frames: Frames, source: Any, sink: Any) -> Iterator[tuple[Any, Fraction, Fraction]]:
    """Yield the frames as they come out of a filter that keeps their number and order."""
    av = pyav()
    waiting = []
    for frame, time, duration in frames():
        source.push(_stamped(frame, time, ".gif"))
        waiting.append((time, duration))
        try:
            yield sink.pull(), *waiting.pop(0)
        except (av.error.BlockingIOError, av.error.EOFError):
            continue
    source.push(None)
    while waiting:
        yield sink.pull(), *waiting.pop(0)


def _write_webp(path: Path, frames: Frames, layout: VideoLayout) -> None:
    last = _mux(path, "webp", "libwebp_anim", "bgra", frames(), layout, {"loop": "0"}, {"quality": "90"})
    # FFmpeg gives the last frame the mean duration of the others: correct it (RIFF, chunk ANMF, bytes 12 to 14).
    with path.open("r+b") as file:
        position, found = 12, None
        while len(head := _at(file, position, 8)) == 8:
            found = position if head[:4] == b"ANMF" else found
            size = int.from_bytes(head[4:], "little")
            position += 8 + size + size % 2
        if found is not None:
            file.seek(found + 8 + 12)
            file.write(last.to_bytes(3, "little"))


def _at(file: BinaryIO, position: int, count: int) -> bytes:
    file.seek(position)
    return file.read(count)


def _mux(
    path: Path,
    muxer: str,
    codec: str,
    pixel_format: str,
    frames: Iterator[tuple[Any, Fraction, Fraction]],
    layout: VideoLayout,
    options: dict[str, str],
    codec_options: dict[str, str] | None = None,
) -> int:
    """Write frames with their durations and return that of the last one in ticks."""
    suffix, durations, ticks = f".{muxer}", {}, 1
    with pyav().open(str(path), "w", format=muxer, options=options) as output:
        stream = output.add_stream(codec, rate=layout.rate, options=codec_options)
        stream.width, stream.height, stream.pix_fmt = layout.width, layout.height, pixel_format
        stream.codec_context.time_base = TICKS[suffix]
        for frame, time, duration in frames:
            ready = frame if frame.format.name == pixel_format else frame.reformat(format=pixel_format)
            ready = _stamped(ready, time, suffix)
            ticks = durations[ready.pts] = max(1, round(duration / TICKS[suffix]))
            output.mux(_lasting(stream.encode(ready), durations))
        output.mux(_lasting(stream.encode(None), durations))
    return ticks


def _lasting(packets: list[Any], durations: dict[int, int]) -> list[Any]:
    """Set the durations of packets; the encoder would give all of them the mean one."""
    for packet in packets:
        packet.duration = durations.pop(packet.pts, packet.duration)
    return packets


def _stamped(frame: Any, time: Fraction, suffix: str) -> Any:
    frame.time_base = TICKS[suffix]
    frame.pts = round(time / TICKS[suffix])
    return frame
