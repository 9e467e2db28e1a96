"""Style images: the size at which they are measured, and what is remembered of them. Importing it imports no torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from impasto.imaging import PictureLike

Measured = TypeVar("Measured")

# Longer side at which a style image is measured at stroke 1.
LONGEST = 512
# Smallest side of a style image that graphs measure.
SMALLEST = 16
# Style images whose statistics are remembered, some 120 kB each.
MOST_REMEMBERED = 64


def measured_side(stroke: float) -> int:
    """Return the longer side at which a style image is measured: a broader stroke measures it at a larger size."""
    return max(SMALLEST, round(LONGEST * stroke))


class StyleMemory(Generic[Measured]):
    """What was measured of style images in files, by file and size, until the file changes."""

    def __init__(self) -> None:
        self._measured: dict[tuple[str, int, int], Measured] = {}

    def recall(self, style: PictureLike, longest: int, measure: Callable[[], Measured]) -> Measured:
        """Return what was measured of `style` at a size before, or `measure` it."""
        key = _file_key(style, longest)
        if key is not None and key in self._measured:
            return self._measured[key]
        measured = measure()
        if key is not None:
            if len(self._measured) >= MOST_REMEMBERED:
                self._measured.pop(next(iter(self._measured)))
            self._measured[key] = measured
        return measured


def _file_key(style: PictureLike, longest: int) -> tuple[str, int, int] | None:
    """Return a key of a file in its present state, None for images in memory."""
    if not isinstance(style, str | Path):
        return None
    try:
        return str(Path(style).resolve()), Path(style).stat().st_mtime_ns, longest
    except OSError:
        return None  # the reader reports the error
