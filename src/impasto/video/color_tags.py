"""Matrix, range, primaries and transfer of a clip's colours (ITU-T H.273), completed where the file leaves them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Code points of H.273 that the code names; FFmpeg uses the same numbers.
RGB, BT709, UNSPECIFIED, FCC, BT470BG, BT601, SMPTE240M = 0, 1, 2, 4, 5, 6, 7
BT2020, BT2020_CONSTANT, SRGB = 9, 10, 13
LIMITED_RANGE, FULL_RANGE = 1, 2
# Rows and columns from which a clip without a matrix counts as HD, as players assume.
HD_HEIGHT, HD_WIDTH = 720, 1280
# Matrices by H.273 to those of libswscale.
_SCALER = {BT709: 1, FCC: 4, BT470BG: 5, BT601: 5, SMPTE240M: 7, BT2020: 9, BT2020_CONSTANT: 9}


@dataclass(frozen=True)
class ColorTags:
    """How numbers of a clip stand for colours. ``guessed``: the file leaves the matrix out."""

    matrix: int
    full_range: bool
    primaries: int
    transfer: int
    guessed: bool = False

    @property
    def scaler_matrix(self) -> int:
        """The matrix in libswscale's numbers."""
        return _SCALER.get(self.matrix, _SCALER[BT709])

    @property
    def range_code(self) -> int:
        """The range in FFmpeg's numbers."""
        return FULL_RANGE if self.full_range else LIMITED_RANGE

    def for_video(self) -> ColorTags:
        """Return the tags of a painted clip in Y'CbCr: limited range, and a matrix where the source is RGB."""
        matrix = BT709 if self.matrix == RGB else BT2020 if self.matrix == BT2020_CONSTANT else self.matrix
        return ColorTags(matrix, False, self.primaries, self.transfer)

    def put_on(self, context: Any) -> None:
        """Tag an encoder's context."""
        context.colorspace = self.matrix
        context.color_range = self.range_code
        context.color_primaries = self.primaries
        context.color_trc = self.transfer


# Pictures, GIF and WebP.
SRGB_TAGS = ColorTags(RGB, True, BT709, SRGB)


def complete_tags(
    matrix: int, color_range: int, primaries: int, transfer: int, size: tuple[int, int], pixel_format: str
) -> ColorTags:
    """Return the tags of a clip of ``size`` (height, width); what the file leaves out is what players assume.

    That is BT.709 from 720 rows or 1280 columns and BT.601 below (with the primaries of 625 lines at 576 rows),
    limited range except for the formats yuvj, and RGB in full range.
    """
    height, width = size
    if pixel_format.startswith(("rgb", "bgr", "gbr", "pal", "argb", "abgr", "0")):
        return ColorTags(RGB, color_range != LIMITED_RANGE, _known(primaries, BT709), _known(transfer, SRGB))
    guessed = matrix not in _SCALER
    if guessed:
        by_primaries = {BT2020: BT2020, BT709: BT709}
        by_size = BT709 if height >= HD_HEIGHT or width >= HD_WIDTH else BT470BG if height == 576 else BT601
        matrix = by_primaries.get(primaries, by_size)
    full = color_range == FULL_RANGE or pixel_format.startswith("yuvj")
    default = {BT2020_CONSTANT: BT2020, FCC: 4}.get(matrix, matrix)
    # BT.709, BT.601 and BT.2020 share one transfer curve; 14 is its code for 10 bit of BT.2020.
    curve = {BT2020: 14, SMPTE240M: SMPTE240M, BT601: BT601, BT470BG: BT601}.get(default, BT709)
    return ColorTags(matrix, full, _known(primaries, default), _known(transfer, curve), guessed)


def _known(code: int, default: int) -> int:
    return default if code in (0, UNSPECIFIED, 3) else code
