"""The sound of a clip: packets copied as they are, or encoded again where the container refuses the codec."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from impasto.video.extra import pyav

# What each container gets where it refuses a codec.
FALLBACKS = {"webm": "libopus"}
FALLBACK = "aac"
COPIED = ("audio", "subtitle")
LAST = 1 << 62

Timed = tuple[Fraction, Any]


class SoundTrack:
    """Audio and subtitle streams of ``source`` (an open container), added to ``output`` before its header is written.

    ``start`` and ``stop`` are the copied part in the time of the source, ``shift`` is taken from all times. ``notes``
    say what could not be copied.
    """

    def __init__(
        self,
        source: Any,
        output: Any,
        muxer: str,
        *,
        start: Fraction | None,
        stop: Fraction | None,
        shift: Fraction,
        reencode: bool = False,
    ) -> None:
        self.source, self.start, self.stop, self.shift = source, start, stop, shift
        self.notes: list[str] = []
        self._pipes: dict[int, Callable[[Any], list[Any]]] = {}
        for stream in source.streams:
            if stream.type in COPIED and stream.codec_context is not None:
                self._add(stream, output, muxer, reencode)

    def packets(self) -> Iterator[Timed]:
        """Yield the packets with their decoding times in seconds, ready to be muxed."""
        av = pyav()
        streams = [self.source.streams[index] for index in self._pipes]
        if not streams:
            return
        packets = self.source.demux(streams)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:
                packet = None  # a cut-off file
            if packet is None:
                return
            if packet.size and (packet.pts is None or not self._inside(packet)):
                continue
            for ready in self._pipes[packet.stream.index](packet):
                stamp = ready.dts if ready.dts is not None else ready.pts
                yield Fraction(stamp or 0) * ready.time_base, ready

    def _inside(self, packet: Any) -> bool:
        time = Fraction(packet.pts) * packet.time_base
        return (self.start is None or time >= self.start) and (self.stop is None or time < self.stop)

    def _add(self, stream: Any, output: Any, muxer: str, reencode: bool) -> None:
        name = stream.codec_context.name
        if not (reencode and stream.type == "audio"):
            try:
                target = output.add_stream_from_template(stream)
                target.metadata.update(stream.metadata)
                self._pipes[stream.index] = lambda packet: self._copy(packet, target)
                return
            except (ValueError, pyav().FFmpegError):
                pass
        if stream.type != "audio":
            self.notes.append(f"{muxer} cannot hold subtitles of the kind {name}; they are left out.")
            return
        codec = FALLBACKS.get(muxer, FALLBACK)
        target = output.add_stream(
            codec, rate=48000 if codec == "libopus" else stream.codec_context.sample_rate
        )
        target.codec_context.layout = "stereo" if stream.codec_context.layout.nb_channels > 1 else "mono"
        target.codec_context.bit_rate = 192_000
        self.notes.append(f"{muxer} cannot hold sound of the kind {name}; it is encoded again as {codec}.")
        self._pipes[stream.index] = _Reencoder(target, self.shift)

    def _copy(self, packet: Any, target: Any) -> list[Any]:
        if not packet.size:
            return []  # the end of the stream
        ticks = round(self.shift / packet.time_base)
        packet.pts -= ticks
        if packet.dts is not None:
            packet.dts -= ticks
        packet.stream = target
        return [packet]


class _Reencoder:
    """Decodes, resamples and encodes the packets of one audio stream."""

    def __init__(self, target: Any, shift: Fraction) -> None:
        self.target, self.shift = target, shift
        self._resampler: Any = None

    def __call__(self, packet: Any) -> list[Any]:
        av = pyav()
        context = self.target.codec_context
        if self._resampler is None:
            self._resampler = av.AudioResampler(
                format=context.format,
                layout=context.layout,
                rate=context.sample_rate,
                frame_size=context.frame_size,
            )
        frames = []
        try:
            decoded = packet.decode()
        except av.FFmpegError:
            decoded = []  # a damaged packet
        for frame in decoded:
            if frame.pts is not None:
                frame.pts -= round(self.shift / frame.time_base)
            frames += self._resampler.resample(frame)
        if not packet.size:
            frames += self._resampler.resample(None)
        ready = [coded for frame in frames for coded in self.target.encode(frame)]
        return [*ready, *self.target.encode(None)] if not packet.size else ready
