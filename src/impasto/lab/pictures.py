"""The pictures that a study is painted from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from impasto.hashing import pixels_sha256
from impasto.imaging import Picture, PictureLike, read_picture
from impasto.plates import PLATES, SMALLEST, paint

# Unlike hands, in the order in which studies take them.
PLATE_ORDER = ("swirls", "woodcut", "glass", "points", "paper", "ink")
CONTENT_PLATE = "points"


@dataclass(frozen=True)
class StudyPictures:
    """A photograph and style pictures as read."""

    content: Picture
    styles: tuple[Picture, ...]

    @classmethod
    def read(
        cls, content: PictureLike | None, styles: Sequence[PictureLike], size: int, needed: int
    ) -> StudyPictures:
        """Return the pictures no longer than ``size``, with our own plates for those that were not given.

        ``needed`` is how many styles a study uses. Raises `PictureError`.
        """
        photo = _plate(CONTENT_PLATE, size) if content is None else read_picture(content, longest=size)
        given = [read_picture(style, longest=size) for style in styles]
        more = (name for name in PLATE_ORDER if name != photo.name)
        plates = [_plate(name, size) for _, name in zip(range(needed - len(given)), more, strict=False)]
        return cls(photo, (*given, *plates))

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """SHA-256 of the pixels: the photograph's, then the styles'."""
        return tuple(pixels_sha256(picture.pixels) for picture in (self.content, *self.styles))

    @property
    def names(self) -> tuple[str, ...]:
        """What they are called: the photograph, then the styles."""
        return (self.content.name, *(style.name for style in self.styles))


def _plate(name: str, size: int) -> Picture:
    assert name in PLATES
    picture = read_picture(paint(name, max(SMALLEST, size)), longest=size)
    return Picture(picture.pixels, name=name)
