"""Content and style images of the studies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from impasto.hashing import pixels_sha256
from impasto.imaging import Picture, PictureLike, read_picture
from impasto.plates import PLATES, SMALLEST, paint

# Plates that look unlike each other, in the order in which studies use them.
PLATE_ORDER = ("swirls", "woodcut", "glass", "points", "paper", "ink")
CONTENT_PLATE = "points"


@dataclass(frozen=True)
class StudyPictures:
    """A content image and style images."""

    content: Picture
    styles: tuple[Picture, ...]

    @classmethod
    def read(
        cls, content: PictureLike | None, styles: Sequence[PictureLike], size: int, needed: int
    ) -> StudyPictures:
        """Read the pictures, at most ``size`` pixels long; plates replace those that were not given.

        ``needed`` is the number of styles the studies use. Raises `PictureError`.
        """
        content_image = (
            _plate(CONTENT_PLATE, size) if content is None else read_picture(content, longest=size)
        )
        given_styles = [read_picture(style, longest=size) for style in styles]
        plate_names = [name for name in PLATE_ORDER if name != content_image.name]
        plates = [_plate(name, size) for name in plate_names[: max(0, needed - len(given_styles))]]
        return cls(content_image, (*given_styles, *plates))

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """SHA-256 of the pixels: of the content image, then of each style."""
        return tuple(pixels_sha256(picture.pixels) for picture in (self.content, *self.styles))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the content image and of each style, in this order."""
        return (self.content.name, *(style.name for style in self.styles))


def _plate(name: str, size: int) -> Picture:
    assert name in PLATES
    picture = read_picture(paint(name, max(SMALLEST, size)), longest=size)
    return Picture(picture.pixels, name=name)
