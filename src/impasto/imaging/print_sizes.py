"""Sizes as people say them: pixels, paper, lengths, megapixels. Importing this module does not import torch."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from impasto.errors import RecipeError

Size = tuple[int, int]
SMALLEST_SIDE = 16
LARGEST_SIDE = 65_535
"""Longest side of a picture in pixels; it is also the limit of JPEG."""
MM_PER_INCH = 25.4
# Print shops ask for this resolution where nothing else is said.
DEFAULT_DPI = 300.0
FRAMINGS = ("crop", "fit", "pad")
# Millimetres of the shorter and the longer side: ISO 216, and ANSI's letter and legal.
PAPERS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "A0": (841, 1189),
        "A1": (594, 841),
        "A2": (420, 594),
        "A3": (297, 420),
        "A4": (210, 297),
        "A5": (148, 210),
        "A6": (105, 148),
        "letter": (8.5 * MM_PER_INCH, 11 * MM_PER_INCH),
        "legal": (8.5 * MM_PER_INCH, 14 * MM_PER_INCH),
    }
)
EXACT_SIZE_HELP = (
    "width and height (4961x3508), paper (A0 to A6, letter, legal), a length (60x90cm, 24x36in, 40cm), megapixels "
    "(24MP) or original"
)
SIZE_HELP = f"a longer side in pixels (2048), {EXACT_SIZE_HELP}"
_MM = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "in": MM_PER_INCH, "inch": MM_PER_INCH, '"': MM_PER_INCH}
_NUMBER = r"(\d{1,7}(?:\.\d{1,4})?)"
_UNIT = r"(mm|cm|m|inch|in|\")"
_PIXELS = re.compile(r"(\d{1,7})\s*(?:px)?\s*[x×*]\s*(\d{1,7})\s*(?:px)?", re.IGNORECASE)
_LENGTHS = re.compile(rf"{_NUMBER}\s*{_UNIT}?\s*[x×*]\s*{_NUMBER}\s*{_UNIT}", re.IGNORECASE)
_LENGTH = re.compile(rf"{_NUMBER}\s*{_UNIT}", re.IGNORECASE)
_MEGAPIXELS = re.compile(rf"{_NUMBER}\s*(?:MP|megapixels?)", re.IGNORECASE)


@dataclass(frozen=True)
class PrintSize:
    """A size as it was typed; one of the parts is set.

    ``side`` is the longer side in pixels, ``pixels`` the height and width, ``paper`` the shorter and the longer side in
    millimetres, ``length`` the longer side in millimetres and ``area`` the number of pixels. Without any of them it
    is the original size.
    """

    side: int | None = None
    pixels: Size | None = None
    paper: tuple[float, float] | None = None
    length: float | None = None
    area: float | None = None

    @property
    def on_paper(self) -> bool:
        """Whether the size in pixels depends on the dots per inch."""
        return self.paper is not None or self.length is not None


@dataclass(frozen=True)
class OutputFrame:
    """What a size means for one photograph.

    ``side`` is the longer side of the painting in pixels. ``box``, its height and width, is set where the photograph
    is cropped to another shape. ``canvas`` is the height and width of a white sheet around the painting.
    """

    side: int
    box: Size | None = None
    canvas: Size | None = None


def parse_size(text: str | int) -> PrintSize:
    """Return what ``text`` means: ``2048``, ``4961x3508``, ``A3``, ``60x90cm``, ``40cm``, ``24MP`` or ``original``.

    Raises ValueError with the allowed forms for anything else.
    """
    words = str(text).strip()
    if re.fullmatch(r"\d{1,9}", words):
        return PrintSize(side=_checked_side(int(words)))
    if words.lower() == "original":
        return PrintSize()
    for name, paper in PAPERS.items():
        if words.lower() == name.lower():
            return PrintSize(paper=paper)
    if match := _PIXELS.fullmatch(words):
        return PrintSize(pixels=(_checked_side(int(match[2])), _checked_side(int(match[1]))))
    if match := _LENGTHS.fullmatch(words):
        units = (match[2] or match[4], match[4])
        sides = [float(n) * _MM[unit.lower()] for n, unit in zip((match[1], match[3]), units, strict=True)]
        return PrintSize(paper=(min(_positive(sides, words)), max(sides)))
    if match := _LENGTH.fullmatch(words):
        return PrintSize(length=_positive([float(match[1]) * _MM[match[2].lower()]], words)[0])
    if match := _MEGAPIXELS.fullmatch(words):
        return PrintSize(area=_positive([float(match[1]) * 1e6], words)[0])
    raise ValueError(f"this is no size; give {SIZE_HELP}")


def canonical_size(text: str | int) -> str | int:
    """Return ``text`` as it is stored: a number for a longer side, ``WIDTHxHEIGHT``, or the words as typed.

    Raises ValueError as `parse_size` does.
    """
    size = parse_size(text)
    if size.side is not None:
        return size.side
    return str(text).strip() if size.pixels is None else box_text(size.pixels)


def box_text(box: Size) -> str:
    """Return a height and width as ``WIDTHxHEIGHT``."""
    return f"{box[1]}x{box[0]}"


def output_frame(
    size: PrintSize, photo: Size | None, *, dpi: float = DEFAULT_DPI, framing: str = "crop"
) -> OutputFrame:
    """Return what ``size`` means for a photograph of the height and width ``photo``, None if there is none.

    Paper and lengths of two sides are turned as the photograph is; pixels are taken as typed. Where the two sides have
    another shape than the photograph, ``framing`` decides: "crop" cuts the photograph, "fit" keeps it whole within
    them, and "pad" puts it whole on a white sheet of that size. Raises RecipeError for sizes that come out below 16 or
    above 65,535 pixels a side, and for "original" without a photograph.
    """
    if size.side is not None:
        return OutputFrame(size.side)
    if size.length is not None:
        return OutputFrame(_dots(size.length, dpi))
    if size.area is not None:
        height, width = photo or (1, 1)
        return OutputFrame(_in_range(round(max(height, width) * math.sqrt(size.area / (height * width)))))
    if size.pixels is None and size.paper is None:
        if photo is None:
            raise RecipeError("Size 'original' is that of the photograph, but there is none; give pixels.")
        return OutputFrame(_in_range(max(photo)))
    box = size.pixels or _turned(size.paper or (0, 0), photo, dpi)
    return _framed(box, photo, framing)


def size_changes(size: str | int, photo: Size | None, *, dpi: float | None, framing: str) -> dict[str, Any]:
    """Return the settings that `output_frame` puts in place of ``size``: size and, where they follow, canvas and dpi.

    The new size is a longer side, or ``WIDTHxHEIGHT`` where the photograph is cropped. Raises as `output_frame`.
    """
    parsed = parse_size(size)
    frame = output_frame(parsed, photo, dpi=dpi or DEFAULT_DPI, framing=framing)
    changes: dict[str, Any] = {"size": frame.side if frame.box is None else box_text(frame.box)}
    if frame.canvas is not None:
        changes["canvas"] = box_text(frame.canvas)
    if parsed.on_paper and dpi is None:
        changes["dpi"] = DEFAULT_DPI
    return changes


def box_of(size: str | int | None) -> Size | None:
    """Return the height and width that a stored size sets, None for any other size."""
    return None if size is None or isinstance(size, int) else parse_size(size).pixels


def canonical_canvas(text: str) -> str:
    """Return ``text`` as ``WIDTHxHEIGHT``; raises ValueError for anything but a width and height in pixels."""
    pixels = parse_size(text).pixels
    if pixels is None:
        raise ValueError("this is no canvas; give width and height in pixels, e.g. 4961x3508")
    return box_text(pixels)


def _framed(box: Size, photo: Size | None, framing: str) -> OutputFrame:
    if photo is None or framing == "crop":
        return OutputFrame(max(box), box=box)
    # The largest side at which the whole photograph lies within the box.
    side = max(photo) * min(box[0] / photo[0], box[1] / photo[1])
    whole = OutputFrame(_in_range(max(1, round(side))))
    return whole if framing == "fit" else replace(whole, canvas=box)


def _turned(paper: tuple[float, float], photo: Size | None, dpi: float) -> Size:
    """Return paper in pixels, lying for a photograph that is wider than high."""
    short, long = (_dots(side, dpi) for side in paper)
    return (short, long) if photo is not None and photo[1] > photo[0] else (long, short)


def _dots(millimetres: float, dpi: float) -> int:
    pixels = round(millimetres / MM_PER_INCH * dpi)
    if not SMALLEST_SIDE <= pixels <= LARGEST_SIDE:
        raise RecipeError(
            f"{millimetres / 10:g} cm at {dpi:g} dpi is {pixels} pixels, but a side has {SMALLEST_SIDE} to "
            f"{LARGEST_SIDE:,}; give another --dpi or size."
        )
    return pixels


def _in_range(side: int) -> int:
    if not SMALLEST_SIDE <= side <= LARGEST_SIDE:
        raise RecipeError(
            f"This size is {side} pixels on the longer side, but a side has {SMALLEST_SIDE} to {LARGEST_SIDE:,}; give "
            "another size."
        )
    return side


def _checked_side(side: int) -> int:
    if not SMALLEST_SIDE <= side <= LARGEST_SIDE:
        raise ValueError(f"a side has {SMALLEST_SIDE} to {LARGEST_SIDE:,} pixels, not {side}")
    return side


def _positive(values: list[float], words: str) -> list[float]:
    if min(values) <= 0:
        raise ValueError(f"a size is larger than 0, not {words}")
    return values


def crop_box(photo: Size, box: Size) -> tuple[slice, slice]:
    """Return the rows and columns of the largest centred part of ``photo`` with the shape of ``box``."""
    height, width = photo
    tall, wide = box
    if width * tall > height * wide:
        rows, columns = height, max(1, round(height * wide / tall))
    else:
        rows, columns = max(1, round(width * tall / wide)), width
    top, left = (height - rows) // 2, (width - columns) // 2
    return slice(top, top + rows), slice(left, left + columns)


def uncropped_side(photo: Size, box: Size, side: int) -> int:
    """Return the longer side of ``photo`` at which its part of the shape of ``box`` has the longer side ``side``."""
    rows, columns = crop_box(photo, box)
    part: int = max(rows.stop - rows.start, columns.stop - columns.start)
    return math.ceil(max(photo) * side / part)
