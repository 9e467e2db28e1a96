"""Lists of picture files from files and folders."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from impasto.errors import PictureError
from impasto.imaging.read_arrays import missing

READABLE = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".avif", ".gif", ".bmp", ".heic", ".heif")
)
"""Suffixes of pictures in a folder; a file given by name may have any suffix."""


def pictures_in(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Return the files among `paths`, and the pictures of each folder among them, sorted by name.

    Subfolders and hidden files are ignored. Raises PictureError if a path does not exist or cannot be listed, a folder
    contains no picture, or `paths` is empty.
    """
    pictures: list[Path] = []
    for path in map(Path, paths):
        if not path.is_dir():
            if not path.exists():
                raise PictureError(missing(path))
            pictures.append(path)
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
                f"The folder '{path}' contains no pictures; known suffixes are {', '.join(sorted(READABLE))}."
            )
        pictures += inside
    if not pictures:
        raise PictureError("No pictures were given; name at least one file or folder.")
    return pictures
