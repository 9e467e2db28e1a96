"""Putting finished segments together: one file with the sound of the source, or a GIF, a WebP or PNG files."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

from impasto.errors import ImpastoError, OutputError
from impasto.imaging import atomic_write
from impasto.video.clip import ClipInfo
from impasto.video.container_clip import CLOCK, open_container
from impasto.video.encode import VideoLayout, configure
from impasto.video.extra import pyav, reason_of
from impasto.video.formats import CODECS, MUXERS, ClipFormat
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
    av = pyav()
    muxer = MUXERS[clip_format.suffix]
    with ExitStack() as stack:
        options = {"fflags": "+bitexact"}  # no random numbers and no date: the same frames give the same file
        if muxer == "matroska":
            options["avoid_negative_ts"] = (
                "disabled"  # it would move the pictures with the sound's first packet
            )
        output = stack.enter_context(av.open(str(path), "w", format=muxer, options=options))
        stream = output.add_stream(CODECS[clip_format.codec].encoder, rate=layout.rate)
        configure(stream.codec_context, clip_format, layout)
        stream.time_base = layout.tick
        tag = CODECS[clip_format.codec].tag
        if tag and muxer != "matroska":
            stream.codec_context.codec_tag = tag
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
