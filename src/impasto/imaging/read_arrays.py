"""Reading pictures into arrays: files, bytes, Pillow images and arrays. Importing this module does not import torch."""

from __future__ import annotations

import io
import operator
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy
from PIL import Image

from impasto.errors import PictureError, RecipeError
from impasto.imaging.decode import (
    decode_file,
    open_image,
    orient,
    orientation_of,
    picture_errors,
    upright_size,
)
from impasto.imaging.limits import MOST_HELD, check_pixels, refuse
from impasto.imaging.modes import image_planes
from impasto.imaging.planes import Planes, from_array, from_planes
from impasto.imaging.sizes import fit, resize_array

ArraySource = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | numpy.ndarray[Any, Any]


def read_planes(source: ArraySource, *, longest: int | None = None) -> Planes:
    """Read a picture into arrays, as `read_picture` reads it into tensors; `source` is no tensor and no Picture.

    Raises and warns as `read_picture`.
    """
    longest = checked_longest(longest)
    if isinstance(source, numpy.ndarray):
        planes = from_array(source)
    elif isinstance(source, Image.Image):
        planes = _from_image(source, longest)
    elif isinstance(source, str | os.PathLike):
        planes = _from_file(Path(os.fspath(source)), longest)
    else:
        planes = _from_bytes(*file_bytes(source), longest)
    return _shrunk(planes, longest)


def checked_longest(longest: int | None) -> int | None:
    """Return the longer side that a picture is scaled down to; raises RecipeError unless None or at least 1."""
    if longest is None:
        return None
    try:
        number = operator.index(longest)
    except TypeError:
        number = 0
    if isinstance(longest, bool) or number < 1:
        raise RecipeError(f"The longer side of a picture is a whole number of at least 1, not {longest!r}.")
    return number


def file_size(path: Path) -> tuple[int, int]:
    """Return height and width of a picture file as it is read, upright; only the header is read.

    Raises PictureError as `read_planes` does.
    """
    check_file(path)
    with picture_errors(path), path.open("rb") as file, open_image(file) as image:
        return upright_size(image)


def missing(path: Path) -> str:
    """Return the sentence about a file that does not exist; a path that was a URL is named as the URL."""
    scheme, separator, rest = str(path).partition(":/")
    if separator and len(scheme) > 1 and scheme.isalnum():
        return (
            f"'{scheme}://{rest}' is a URL, but this reads files; download it, or give it to impasto batch."
        )
    return f"'{path}' does not exist; check the name."


def check_file(path: Path) -> None:
    """Raise PictureError unless `path` is a regular, non-empty file; never waits on a pipe."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise PictureError(missing(path)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PictureError(f"{str(path)!r} cannot be read ({reason}); check the name.") from error
    if stat.S_ISDIR(status.st_mode):
        raise PictureError(f"'{path}' is a folder; give one picture in it.")
    if not stat.S_ISREG(status.st_mode):
        raise PictureError(f"'{path}' is not a regular file (a pipe, socket or device); give a picture file.")
    if status.st_size == 0:
        raise PictureError(f"'{path}' is empty (0 bytes); give another file.")


def _from_file(path: Path, longest: int | None) -> Planes:
    check_file(path)
    with picture_errors(path), path.open("rb") as file:
        planes, bits = decode_file(file, path, longest)
        return from_planes(planes, bits, path.stem, path)


def file_bytes(source: object) -> tuple[bytes, str]:
    """Return the bytes of a picture file in memory and its name; a file object is read from its start.

    Raises PictureError for anything that is neither bytes nor a binary file that can be read twice.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), "picture"
    if not callable(getattr(source, "read", None)):
        raise PictureError(
            "A picture is a path, bytes, a binary file, a Pillow image, a numpy array, a tensor or a Picture,"
            f" not {type(source).__name__}."
        )
    file: Any = source
    try:
        file.seek(0)
        data = file.read()
    except (OSError, ValueError, AttributeError) as error:  # a pipe, a closed file
        raise PictureError(
            f"The file object cannot be read from its start ({error}); give its bytes."
        ) from error
    if not isinstance(data, bytes):
        raise PictureError(
            f"The file object gives {type(data).__name__} and not bytes; open it in mode 'rb'."
        )
    name = getattr(file, "name", None)
    return data, Path(name).stem if isinstance(name, str) and name else "picture"


def _from_bytes(data: bytes, name: str, longest: int | None) -> Planes:
    if not data:
        raise PictureError(f"The picture '{name}' is empty (0 bytes); give another.")
    with picture_errors(Path(name)):
        planes, bits = decode_file(io.BytesIO(data), Path(name), longest, data=data)
        return from_planes(planes, bits, name)


def _from_image(image: Image.Image, longest: int | None) -> Planes:
    """Convert a Pillow image (its current frame) as a file of its mode would be."""
    name = Path(getattr(image, "filename", "") or "picture").stem
    with picture_errors(Path(name)):
        check_pixels(*image.size, f"The image '{name}'")
        if image.width * image.height > MOST_HELD:
            raise refuse(image.width, image.height, f"The image '{name}'", "shrink it first")
        image.load()
        larger = longest is not None and max(image.size) > longest
        size = fit(image.height, image.width, longest) if larger and longest is not None else None
        planes, bits = image_planes(image, size, f"'{name}'")
        return from_planes(orient(planes, orientation_of(image)), bits, name)


def _shrunk(planes: Planes, longest: int | None) -> Planes:
    """Return the picture scaled down to `longest`, or the same object if it is not larger."""
    height, width = planes.pixels.shape[2:]
    if longest is None or max(height, width) <= longest:
        return planes
    size = fit(height, width, longest)
    alpha = None if planes.alpha is None else resize_array(planes.alpha, size)
    return replace(planes, pixels=resize_array(planes.pixels, size), alpha=alpha)
