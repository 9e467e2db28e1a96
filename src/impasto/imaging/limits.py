"""Size limits of pictures that are read."""

from __future__ import annotations

from impasto.errors import PictureError

MOST_PIXELS = 46_000 * 46_000
"""Files with more pixels are refused, even if they are to be scaled down."""
MOST_HELD = 178_956_970
"""Pixels that may be in memory at once; the count at which Pillow calls an image a decompression bomb."""


def check_pixels(width: int, height: int, where: str) -> None:
    """Raise PictureError if a picture has more than MOST_PIXELS pixels, or none."""
    if width < 1 or height < 1:
        raise PictureError(f"{where} has no pixels ({width}x{height}); give a picture of at least 1x1.")
    if width * height > MOST_PIXELS:
        raise PictureError(
            f"{where} is {width}x{height}, {width * height / 1e6:.0f} megapixels; the limit is"
            f" {MOST_PIXELS // 1_000_000}, so shrink or crop it first."
        )


def refuse(width: int, height: int, where: str, advice: str) -> PictureError:
    """Return the error for a picture that does not fit into memory, with advice."""
    return PictureError(
        f"{where} is {width}x{height}, {width * height / 1e6:.0f} megapixels; memory holds at"
        f" most {MOST_HELD // 1_000_000}, so {advice}."
    )
