"""How large a picture may be before reading it is refused."""

from __future__ import annotations

from impasto.errors import PictureError

MOST_PIXELS = 30_000 * 30_000
"""No file beyond this is opened, however small it is wanted."""
MOST_HELD = 178_956_970
"""Pixels that may be in memory at once; the count at which Pillow calls an image a decompression bomb."""


def check_pixels(width: int, height: int, where: str) -> None:
    """Raise PictureError when a picture has more than MOST_PIXELS pixels, or none."""
    if width < 1 or height < 1:
        raise PictureError(f"{where} has no pixels ({width}x{height}); give a picture of at least 1x1.")
    if width * height > MOST_PIXELS:
        raise PictureError(
            f"{where} is {width}x{height}, {width * height / 1e6:.0f} megapixels; the most that is read is"
            f" {MOST_PIXELS // 1_000_000}, so shrink or crop it first."
        )


def refuse(width: int, height: int, where: str, advice: str) -> PictureError:
    """Return the error for a picture that does not fit into memory in one piece, with what to do about it."""
    return PictureError(
        f"{where} is {width}x{height}, {width * height / 1e6:.0f} megapixels, and more than"
        f" {MOST_HELD // 1_000_000} cannot be held in memory at once; {advice}."
    )
