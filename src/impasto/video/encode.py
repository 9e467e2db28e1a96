"""Encoding of one segment: painted frames in, compressed packets out, with exact times."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.video.color_tags import SRGB_TAGS, ColorTags
from impasto.video.extra import pyav
from impasto.video.formats import CODECS, ClipFormat
from impasto.video.frame import Pixels

Samples = NDArray[np.uint8] | NDArray[np.uint16]

# x264 gives different bits from run to run with mbtree (seen with its core 165), which would break resuming.
_OPTIONS: dict[str, dict[str, str]] = {
    "libx264": {"preset": "faster", "x264-params": "mbtree=0"},
    "libx265": {"preset": "fast", "x265-params": "log-level=none"},
    "libsvtav1": {"preset": "8"},
    "libvpx-vp9": {"deadline": "good", "cpu-used": "4", "row-mt": "1", "b": "0"},
    "prores_ks": {"vendor": "apl0"},
    "ffv1": {"level": "3", "slicecrc": "1", "g": "1"},
}
# Fixed, because the bits of a clip must not depend on the machine on which it is resumed.
THREADS = 2


@dataclass(frozen=True)
class VideoLayout:
    """What an encoder must know besides the format: size in pixels, rate, tick, colours and pixel aspect."""

    height: int
    width: int
    rate: Fraction
    tick: Fraction
    colors: ColorTags
    pixel_aspect: Fraction = Fraction(1)


@dataclass(frozen=True)
class CodedPacket:
    """One compressed packet; times are whole numbers of ticks."""

    pts: int
    dts: int
    is_key: bool
    data: bytes


def samples_of(pixels: Pixels, deep: bool) -> Samples:
    """Return pixels in [0, 1] as 8-bit samples, or as 16-bit ones if ``deep``."""
    if deep:
        return (pixels.clip(0, 1) * np.float32(65535) + np.float32(0.5)).astype(np.uint16)
    return (pixels.clip(0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)


class SegmentEncoder:
    """Encodes frames; a new one starts with a key frame and depends on nothing before."""

    def __init__(self, clip_format: ClipFormat, layout: VideoLayout) -> None:
        av = pyav()
        self.format, self.layout = clip_format, layout
        self.context = av.CodecContext.create(CODECS[clip_format.codec].encoder, "w")
        configure(self.context, clip_format, layout)
        self.context.open()
        self._tags = layout.colors.for_video() if clip_format.is_video else SRGB_TAGS
        self._reformatter = av.video.reformatter.VideoReformatter()

    def encode(self, samples: Samples, time: Fraction) -> list[CodedPacket]:
        """Return the packets that are ready after a frame of samples ``(H, W, 3)``, shown at ``time`` seconds."""
        return [_coded(packet) for packet in self.context.encode(self._frame(samples, time))]

    def finish(self) -> list[CodedPacket]:
        """Return the packets that are left."""
        return [_coded(packet) for packet in self.context.encode(None)]

    def _frame(self, samples: Samples, time: Fraction) -> Any:
        from av.video.reformatter import ColorRange, Interpolation

        height, width = self.format.coded_size((self.layout.height, self.layout.width))
        missing = (height - samples.shape[0], width - samples.shape[1])
        padded = np.pad(samples, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
        frame = pyav().VideoFrame.from_ndarray(
            padded, format="rgb24" if padded.dtype == np.uint8 else "rgb48le"
        )
        converted = self._reformatter.reformat(
            frame,
            format=self.format.pixel_format,
            dst_colorspace=self._tags.scaler_matrix if self.format.is_video else None,
            src_color_range=ColorRange.JPEG,
            dst_color_range=self._tags.range_code,
            interpolation=Interpolation.BICUBIC
            | Interpolation.ACCURATE_RND
            | Interpolation.FULL_CHR_H_INT
            | Interpolation.FULL_CHR_H_INP,
        )
        self._tags.put_on(converted)
        converted.time_base = self.layout.tick
        converted.pts = ticks(time, self.layout.tick)
        return converted


def ticks(time: Fraction, tick: Fraction) -> int:
    """Return a time in seconds as the nearest whole number of ticks."""
    return round(time / tick)


def configure(context: Any, clip_format: ClipFormat, layout: VideoLayout) -> None:
    """Set size, time base, colours and quality of an encoder that is not open yet."""
    encoder = CODECS[clip_format.codec].encoder
    context.height, context.width = clip_format.coded_size((layout.height, layout.width))
    context.pix_fmt = clip_format.pixel_format
    context.time_base, context.framerate = layout.tick, layout.rate
    context.sample_aspect_ratio = layout.pixel_aspect
    context.thread_count = THREADS
    options = dict(_OPTIONS[encoder])
    if clip_format.is_video:
        layout.colors.for_video().put_on(context)
        # Seeking in the painted clip stays quick.
        context.gop_size = max(12, round(2 * layout.rate))
    if clip_format.crf is not None:
        options["crf"] = str(clip_format.crf)
    if encoder == "prores_ks":
        options["profile"] = "4444" if clip_format.chroma == 444 else "hq"
    # Containers want the headers of a stream once, not before every key frame.
    context.flags |= 1 << 22  # AV_CODEC_FLAG_GLOBAL_HEADER
    context.options = options


def _coded(packet: Any) -> CodedPacket:
    dts = packet.pts if packet.dts is None else packet.dts
    return CodedPacket(packet.pts, dts, packet.is_keyframe, bytes(packet))
