"""Many pictures at once: folders in a list of paths become the pictures in them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from impasto.errors import PictureError

READABLE = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".avif", ".gif", ".bmp", ".heic", ".heif")
)
"""Suffixes by which a picture is recognised in a folder; a file named outright may have any."""


def pictures_in(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Return the files among `paths` as they are, and for each folder the pictures in it, sorted by name.

    Folders are not searched deeper; hidden files are left out. Raises PictureError when a path does not exist
    or may not be listed, a folder holds no picture, or `paths` is empty.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if not path.is_dir():
            if not path.exists():
                raise PictureError(f"'{path}' does not exist; check the name.")
            found.append(path)
            continue
        try:
            inside = sorted(
                file
                for file in path.iterdir()
                if file.suffix.lower() in READABLE and not file.name.startswith(".") and file.is_file()
            )
        except OSError as error:
            raise PictureError(f"The folder '{path}' cannot be listed ({error.strerror}).") from error
        if not inside:
            raise PictureError(
                f"The folder '{path}' holds no pictures; known are {', '.join(sorted(READABLE))}."
            )
        found += inside
    if not found:
        raise PictureError("No pictures were given; name at least one file or folder.")
    return found
