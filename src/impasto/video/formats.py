"""Formats of painted clips: containers, codecs and pixel formats. Importing this module does not import PyAV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from impasto.errors import RecipeError, unknown


@dataclass(frozen=True)
class Codec:
    """A video codec: its encoder, its default quality, and the formats of its pixels by (bits, chroma).

    ``any_size``: it takes odd sizes at 4:2:0 too. Qualities are constant rate factors, lower is better; None for
    codecs without one.
    """

    encoder: str
    summary: str
    pixel_formats: Mapping[tuple[int, int], str]
    crf: int | None = None
    most_crf: int = 51
    any_size: bool = False
    tag: str | None = None

    @property
    def bits(self) -> tuple[int, ...]:
        """The depths that it can write."""
        return tuple(sorted({bits for bits, _ in self.pixel_formats}))


_YUV = {(8, 420): "yuv420p", (10, 420): "yuv420p10le", (8, 444): "yuv444p", (10, 444): "yuv444p10le"}
CODECS: Mapping[str, Codec] = {
    "h264": Codec("libx264", "H.264, plays everywhere", _YUV, 16),
    "h265": Codec("libx265", "H.265, smaller, 10 bit", _YUV, 18, tag="hvc1"),
    "av1": Codec("libsvtav1", "AV1, smallest", {(8, 420): "yuv420p", (10, 420): "yuv420p10le"}, 16, 63),
    "vp9": Codec("libvpx-vp9", "VP9 for WebM", {(8, 420): "yuv420p", (8, 444): "yuv444p"}, 20, 63, True),
    "prores": Codec(
        "prores_ks",
        "ProRes for editing, 10 bit",
        {(10, 422): "yuv422p10le", (10, 444): "yuv444p10le"},
        any_size=True,
    ),
    "gif": Codec("ffv1", "GIF, 256 colours", {(8, 444): "bgr0"}, any_size=True),
    "webp": Codec("ffv1", "animated WebP", {(8, 444): "bgr0"}, any_size=True),
    "png": Codec("ffv1", "a folder of PNG files", {(8, 444): "bgr0", (16, 444): "gbrp16le"}, any_size=True),
}
# Containers by suffix, with their codecs; the first is the default.
CONTAINERS: Mapping[str, tuple[str, ...]] = {
    ".mp4": ("h264", "h265", "av1", "vp9"),
    ".m4v": ("h264", "h265"),
    ".mov": ("h264", "h265", "prores"),
    ".mkv": ("h264", "h265", "av1", "vp9", "prores"),
    ".webm": ("vp9", "av1"),
    ".gif": ("gif",),
    ".webp": ("webp",),
}
# What FFmpeg calls the containers.
MUXERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
CHROMAS = (420, 422, 444)


@dataclass(frozen=True)
class ClipFormat:
    """How a painted clip is written. ``suffix`` is empty for a folder of PNG files."""

    suffix: str
    codec: str
    bits: int
    chroma: int
    crf: int | None

    @property
    def pixel_format(self) -> str:
        """FFmpeg's name of the pixel format."""
        return CODECS[self.codec].pixel_formats[(self.bits, self.chroma)]

    @property
    def is_video(self) -> bool:
        """Whether it is a container with a video codec, and not GIF, WebP or PNG files."""
        return self.suffix in MUXERS

    def coded_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the (height, width) that is written for ``size``: H.264, H.265 and AV1 at 4:2:0 need even sides."""
        if CODECS[self.codec].any_size or self.chroma == 444:
            return size
        return (size[0] + size[0] % 2, size[1] + size[1] % 2)

    def to_json(self) -> dict[str, Any]:
        """Return the format as plain JSON values."""
        return asdict(self)


def choose_format(
    path: Path,
    codec: str | None = None,
    bits: int | None = None,
    chroma: int | None = None,
    crf: int | None = None,
    source_bits: int = 8,
) -> ClipFormat:
    """Return how to write ``path``: its suffix sets the container, a path without suffix is a folder of PNG files.

    ``source_bits`` are those of the clip that is painted; they are kept where the codec can. Raises `RecipeError` for
    what does not fit together.
    """
    suffix = path.suffix.lower()
    allowed = CONTAINERS.get(suffix) if suffix else ("png",)
    if allowed is None:
        raise RecipeError(
            unknown("clip suffix", path.suffix, CONTAINERS) + " Without one, PNG files are written."
        )
    name = codec or allowed[0]
    if name not in CODECS:
        raise RecipeError(unknown("codec", name, CODECS))
    if name not in allowed:
        raise RecipeError(
            f"{suffix or 'A folder'} cannot hold {name}; it takes {', '.join(allowed)}, or give another suffix."
        )
    chosen = CODECS[name]
    return ClipFormat(suffix, name, _bits(name, chosen, bits, source_bits), _chroma(name, chosen, chroma, bits),
                      _crf(name, chosen, crf))  # fmt: skip


def _bits(name: str, codec: Codec, bits: int | None, source_bits: int) -> int:
    if bits is None:
        # Few players decode H.264 of 10 bit; the other codecs' 10 bit is common.
        deep = source_bits > 8 and name != "h264"
        return codec.bits[-1] if deep else codec.bits[0]
    if bits not in codec.bits:
        allowed = " or ".join(str(number) for number in codec.bits)
        raise RecipeError(f"{name} is written with {allowed} bits a channel, not {bits}; leave --bits out.")
    return bits


def _chroma(name: str, codec: Codec, chroma: int | None, bits: int | None) -> int:
    allowed = sorted({value for depth, value in codec.pixel_formats if bits in (None, depth)})
    if chroma is None:
        return allowed[0]
    if chroma not in allowed:
        listed = " or ".join(str(value) for value in allowed)
        raise RecipeError(f"{name} is written with chroma {listed} here, not {chroma}; leave --chroma out.")
    return chroma


def _crf(name: str, codec: Codec, crf: int | None) -> int | None:
    if crf is None:
        return codec.crf
    if codec.crf is None:
        raise RecipeError(f"{name} has no --crf; leave it out.")
    if not 0 <= crf <= codec.most_crf:
        raise RecipeError(f"--crf of {name} is from 0 (best) to {codec.most_crf}, not {crf}.")
    return crf
