"""Reading pictures: files, Pillow images, arrays and tensors become a `Picture`."""

from __future__ import annotations

import operator
import os
import stat
from dataclasses import replace
from pathlib import Path

import numpy
import torch
from PIL import Image

from impasto.errors import PictureError, RecipeError
from impasto.imaging.arrays import from_array, from_planes, from_tensor
from impasto.imaging.decode import decode_file, open_image, orient, orientation_of, picture_errors
from impasto.imaging.limits import MOST_HELD, check_pixels, refuse
from impasto.imaging.modes import image_planes
from impasto.imaging.picture import Picture, PictureLike
from impasto.imaging.resize import fit, resize


def read_picture(source: PictureLike, *, longest: int | None = None) -> Picture:
    """Read a picture: upright, in sRGB, float32 `(1, 3, H, W)` in [0, 1], with separate alpha.

    Args:
        source: a file (JPEG, PNG, WebP, TIFF, AVIF, GIF, BMP or HEIC, recognised by content; first frame), a Pillow
            image, a numpy array `(H, W)` or `(H, W, 1|3|4)`, a tensor `(C, H, W)` or `(1, C, H, W)`, or a Picture.
        longest: a picture with a longer side than this is scaled down to it. Files are then decoded at a reduced size
            where the format allows, up to 900 megapixels.

    Raises PictureError if the picture cannot be read, MissingExtraError for HEIC without pillow-heif, and RecipeError
    for a `longest` below 1. Warns (PictureWarning) if a colour profile or the lower 8 of 16 bits are ignored.
    """
    longest = _checked(longest)
    if isinstance(source, Picture):
        picture = source
    elif isinstance(source, torch.Tensor):
        picture = from_tensor(source)
    elif isinstance(source, numpy.ndarray):
        picture = from_array(source)
    elif isinstance(source, Image.Image):
        picture = _from_image(source, longest)
    elif isinstance(source, str | os.PathLike):
        picture = _from_file(Path(os.fspath(source)), longest)
    else:
        raise PictureError(
            "A picture is a path, a Pillow image, a numpy array, a tensor or a Picture,"
            f" not {type(source).__name__}."
        )
    return _shrunk(picture, longest)


def longer_side(source: PictureLike) -> int:
    """Return the longer side of a picture in pixels; of a file only the header is read.

    Raises what `read_picture` raises.
    """
    if isinstance(source, str | os.PathLike):
        path = Path(os.fspath(source))
        check_file(path)
        with picture_errors(path), path.open("rb") as file, open_image(file) as image:
            return max(image.size)
    picture = read_picture(source)
    return max(picture.height, picture.width)


def _checked(longest: int | None) -> int | None:
    if longest is None:
        return None
    try:
        number = operator.index(longest)
    except TypeError:
        number = 0
    if isinstance(longest, bool) or number < 1:
        raise RecipeError(f"The longer side of a picture is a whole number of at least 1, not {longest!r}.")
    return number


def check_file(path: Path) -> None:
    """Raise PictureError unless `path` is a regular, non-empty file; never waits on a pipe."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise PictureError(f"'{path}' does not exist; check the name.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PictureError(f"{str(path)!r} cannot be read ({reason}); check the name.") from error
    if stat.S_ISDIR(status.st_mode):
        raise PictureError(f"'{path}' is a folder; give one picture in it.")
    if not stat.S_ISREG(status.st_mode):
        raise PictureError(f"'{path}' is not a regular file (a pipe, socket or device); give a picture file.")
    if status.st_size == 0:
        raise PictureError(f"'{path}' is empty (0 bytes); give another file.")


def _from_file(path: Path, longest: int | None) -> Picture:
    check_file(path)
    with picture_errors(path), path.open("rb") as file:
        planes, bits = decode_file(file, path, longest)
        return replace(from_planes(planes, bits, path.stem), path=path)


def _from_image(image: Image.Image, longest: int | None) -> Picture:
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


def _shrunk(picture: Picture, longest: int | None) -> Picture:
    """Return the picture scaled down to `longest`, or the same object if it is not larger."""
    if longest is None or max(picture.height, picture.width) <= longest:
        return picture
    size = fit(picture.height, picture.width, longest)
    alpha = None if picture.alpha is None else resize(picture.alpha, size)
    return replace(picture, pixels=resize(picture.pixels, size), alpha=alpha)
