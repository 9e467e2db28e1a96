"""Putting finished segments together: one file with the sound of the source, or a GIF, a WebP or PNG files."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

from impasto.errors import ImpastoError, OutputError
from impasto.imaging import atomic_write
from impasto.video.clip import ClipInfo
from impasto.video.color_tags import SRGB_TAGS
from impasto.video.container_clip import CLOCK, open_container
from impasto.video.encode import CodedPacket, Samples, SegmentEncoder, VideoLayout, configure
from impasto.video.extra import pyav, reason_of
from impasto.video.formats import CODECS, MUXERS, ClipFormat, choose_format
from impasto.video.segments import packets_in_order
from impasto.video.settings import VideoSettings
from impasto.video.sound import SoundTrack, Timed

# A file that starts later than this, such as a recorded broadcast, is moved to the start.
LATE_START = 1


def write_container(
    path: Path,
    folder: Path,
    numbers: Sequence[int],
    clip_format: ClipFormat,
    layout: VideoLayout,
    info: ClipInfo,
    settings: VideoSettings,
    end: Fraction,
) -> list[str]:
    """Write the segments ``numbers`` of ``folder`` with the sound of the clip up to ``end`` seconds, in one step.

    Returns notes on sound that was not copied as it is. Raises `OutputError`.
    """
    av = pyav()
    stop = None if settings.stop is None and end >= info.duration else end
    for reencode in (False, True):
        try:
            with atomic_write(path) as temporary:
                return _write(
                    temporary,
                    folder,
                    numbers,
                    clip_format,
                    layout,
                    info,
                    Fraction(settings.start),
                    stop,
                    reencode,
                )
        except ImpastoError:
            raise
        except (av.FFmpegError, ValueError) as error:
            if reencode or not info.audio:
                raise OutputError(f"'{path}' could not be written ({reason_of(error)}).") from error
    raise AssertionError("the second attempt returns or raises")


def _write(
    path: Path,
    folder: Path,
    numbers: Sequence[int],
    clip_format: ClipFormat,
    layout: VideoLayout,
    info: ClipInfo,
    start: Fraction,
    stop: Fraction | None,
    reencode: bool,
) -> list[str]:
    muxer = MUXERS[clip_format.suffix]
    with ExitStack() as stack:
        output, stream = _open_output(stack, path, clip_format, layout)
        track, shift = None, info.origin + start
        if info.kind == "container":
            source = stack.enter_context(open_container(info.path))
            if start == 0:
                begin = Fraction(source.start_time or 0, CLOCK)
                shift = begin if begin >= LATE_START else Fraction(0)
            output.metadata.update(source.metadata)
            track = SoundTrack(
                source,
                output,
                muxer,
                start=info.origin + start if start else None,
                stop=None if stop is None else info.origin + stop,
                shift=shift,
                reencode=reencode,
            )
        output.start_encoding()
        video = _video_packets(
            stream, packets_in_order(folder, numbers, layout.tick), layout, info.origin - shift
        )
        sound: Iterator[Timed] = track.packets() if track else iter(())
        # Both in the order of decoding, so that the muxer holds little back.
        for _, packet in heapq.merge(video, sound, key=lambda timed: timed[0]):
            output.mux_one(packet)
        return track.notes if track else []


def write_silent(path: Path, frames: Iterable[Samples], rate: Fraction) -> None:
    """Write 8-bit RGB frames ``(H, W, 3)`` of one size as a clip without sound, in one step; raises `OutputError`."""
    clip_format, encoder = choose_format(path), None
    packets: list[CodedPacket] = []
    for index, frame in enumerate(frames):
        if encoder is None:
            layout = VideoLayout(frame.shape[0], frame.shape[1], rate, 1 / rate, SRGB_TAGS)
            encoder = SegmentEncoder(clip_format, layout)
        packets += encoder.encode(frame, index / rate)
    if encoder is None:
        raise OutputError(f"'{path}' has no frames; a clip needs at least one.")
    packets += encoder.finish()
    try:
        with atomic_write(path) as temporary, ExitStack() as stack:
            output, stream = _open_output(stack, temporary, clip_format, layout)
            output.start_encoding()
            for _, packet in _video_packets(stream, ((packet, 1) for packet in packets), layout, Fraction(0)):
                output.mux_one(packet)
    except pyav().FFmpegError as error:
        raise OutputError(f"'{path}' could not be written ({reason_of(error)}).") from error


def _open_output(
    stack: ExitStack, path: Path, clip_format: ClipFormat, layout: VideoLayout
) -> tuple[Any, Any]:
    """Return the open container and its video stream, which takes packets of a `SegmentEncoder`."""
    muxer = MUXERS[clip_format.suffix]
    options = {"fflags": "+bitexact"}  # no random numbers and no date: the same frames give the same file
    if muxer == "matroska":
        options["avoid_negative_ts"] = "disabled"  # it would move the pictures with the sound's first packet
    output = stack.enter_context(pyav().open(str(path), "w", format=muxer, options=options))
    stream = output.add_stream(CODECS[clip_format.codec].encoder, rate=layout.rate)
    configure(stream.codec_context, clip_format, layout)
    stream.time_base = layout.tick
    tag = CODECS[clip_format.codec].tag
    if tag and muxer != "matroska":
        stream.codec_context.codec_tag = tag
    return output, stream


def _video_packets(
    stream: Any, packets: Iterator[Any], layout: VideoLayout, shift: Fraction
) -> Iterator[Timed]:
    """Yield the packets of the painted frames, moved by ``shift`` seconds, with their decoding times in seconds."""
    av = pyav()
    moved = round(shift / layout.tick)
    for coded, duration in packets:
        packet = av.Packet(coded.data)
        packet.stream = stream
        packet.time_base = layout.tick
        packet.pts, packet.dts, packet.duration = coded.pts + moved, coded.dts + moved, duration
        packet.is_keyframe = coded.is_key
        yield packet.dts * layout.tick, packet
