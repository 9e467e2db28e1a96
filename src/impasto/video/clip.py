"""Clips that are read: what is known about one, its decoded frames, and what was wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from impasto.video.color_tags import ColorTags
from impasto.video.frame import Pixels


@dataclass(frozen=True)
class ClipInfo:
    """What is known about a clip before its frames are decoded.

    ``height`` and ``width`` are those of the upright frames. ``rate`` is the average number of frames a second.
    ``duration`` in seconds and ``frames`` are what the file says, and may be wrong; 0 where it says nothing. ``tick``
    is the unit of its time stamps in seconds. ``origin`` is the time of the first frame in the time of the file, where
    the sound counts from too. ``bits`` per channel is 8 or more.
    """

    path: Path
    kind: str
    height: int
    width: int
    rate: Fraction
    duration: Fraction
    frames: int
    tick: Fraction
    colors: ColorTags
    bits: int = 8
    origin: Fraction = Fraction(0)
    pixel_aspect: Fraction = Fraction(1)
    codec: str = ""
    audio: tuple[str, ...] = ()


@dataclass(frozen=True)
class DecodedFrame:
    """A frame of a clip: its time and duration in seconds, and a function that converts its pixels."""

    time: Fraction
    duration: Fraction
    pixels: Callable[[], Pixels]


@dataclass
class ReadProblems:
    """What was wrong with a clip; filled in while its frames are read."""

    broken: int = 0
    ends_at: Fraction | None = None
    notes: list[str] = field(default_factory=list)

    def sentences(self, info: ClipInfo) -> list[str]:
        """Return what the user should know, one sentence for each problem."""
        said = list(self.notes)
        name = info.path.name
        if self.broken:
            said.append(
                f"'{name}' has {self.broken} damaged places; the frames that can be read are painted."
            )
        if self.ends_at is not None:
            said.append(
                f"'{name}' ends after {float(self.ends_at):.2f} of {float(info.duration):.2f} seconds; "
                "what can be read is painted."
            )
        return said


class Clip(Protocol):
    """An open clip."""

    info: ClipInfo
    problems: ReadProblems

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[DecodedFrame]:
        """Yield the frames in order of growing times, from some frame at or before ``start`` or the first one.

        Every call reads the clip again. Raises `InputError` if no frame at all can be read.
        """
        ...
