"""Crop pictures and masks to another shape. Importing this module does not import torch."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy

from impasto.errors import RecipeError
from impasto.imaging.mask_names import MASK_NAMES
from impasto.imaging.print_sizes import Size, crop_box, uncropped_side
from impasto.imaging.read_arrays import file_size, read_planes
from impasto.imaging.sizes import resize_array

if TYPE_CHECKING:
    from torch import Tensor

    from impasto.imaging.picture import Picture, PictureLike
    from impasto.imaging.planes import Array, Planes

    Image = TypeVar("Image", Tensor, Array)
    Framed = TypeVar("Framed", Planes, Picture)

# Aspect ratios that differ by less are the same shape, rounded to whole pixels.
SAME_SHAPE = 0.01


def crop_to(picture: Framed, box: Size) -> Framed:
    """Return the largest centred part of ``picture`` with the shape of ``box`` (height, width)."""
    size = (int(picture.pixels.shape[2]), int(picture.pixels.shape[3]))
    rows, columns = crop_box(size, box)
    alpha = None if picture.alpha is None else picture.alpha[:, :, rows, columns]
    return replace(picture, pixels=picture.pixels[:, :, rows, columns], alpha=alpha)


def read_cropped_planes(path: Path, box: Size, longest: int, photo: Size) -> Planes:
    """Read the part of a file with the shape of ``box``, its longer side at most ``longest``, into arrays.

    ``photo`` is the height and width of the whole picture. Raises as `read_planes` does.
    """
    return crop_to(read_planes(path, longest=uncropped_side(photo, box, longest)), box)


def read_cropped(source: PictureLike, box: Size, longest: int, photo: Size) -> Picture:
    """Read the part of a picture with the shape of ``box``; as `read_cropped_planes`, into tensors."""
    from impasto.imaging.read import read_picture

    return crop_to(read_picture(source, longest=uncropped_side(photo, box, longest)), box)


def read_sized_planes(path: Path, longest: int | None, box: Size | None, size: Size | None) -> Planes:
    """Read a file into arrays: cropped to the shape of ``box``, and enlarged or shrunk to exactly ``size``.

    A picture with a longer side than ``longest`` is shrunk to it. None leaves each of them out.
    """
    if box is None:
        planes = read_planes(path, longest=longest)
    else:
        planes = read_cropped_planes(path, box, max(box), file_size(path))
    if size is None:
        return planes
    alpha = None if planes.alpha is None else resize_array(planes.alpha, size)
    return replace(planes, pixels=resize_array(planes.pixels, size), alpha=alpha)


def read_sized(source: PictureLike, longest: int | None, box: Size | None, size: Size | None) -> Picture:
    """Read a picture into tensors as `read_sized_planes` reads a file."""
    from impasto.imaging.read import picture_size, read_picture
    from impasto.imaging.resizing import resize

    if box is None:
        picture = read_picture(source, longest=longest)
    else:
        picture = read_cropped(source, box, max(box), picture_size(source))
    if size is None:
        return picture
    alpha = None if picture.alpha is None else resize(picture.alpha, size)
    return replace(picture, pixels=resize(picture.pixels, size), alpha=alpha)


def crop_guide(guide: PictureLike, box: Size, photo: Size) -> PictureLike:
    """Return a mask or map of a photograph of the height and width ``photo``, cropped as the photograph to ``box``.

    Words for masks, and masks that have the shape of ``box`` already, are returned as they are.
    """
    from impasto.imaging.read import picture_size, read_picture

    if isinstance(guide, str) and guide in MASK_NAMES:
        return guide
    size = picture_size(guide)
    if _same_shape(size, box) or not _same_shape(size, photo):
        return guide
    cropped = crop_to(read_picture(guide), box)
    return replace(cropped, name=Path(guide).name) if isinstance(guide, str | os.PathLike) else cropped


def on_sheet(pixels: Image, alpha: Image | None, canvas: Size | None) -> tuple[Image, Image | None]:
    """Return pixels and alpha on a white, opaque sheet of ``canvas``; None leaves them as they are."""
    if canvas is None:
        return pixels, alpha
    size = (int(pixels.shape[2]), int(pixels.shape[3]))
    if alpha is not None and tuple(alpha.shape[2:]) != size:
        alpha = _resized(alpha, size)
    return on_canvas(pixels, canvas), None if alpha is None else on_canvas(alpha, canvas)


def _resized(image: Image, size: Size) -> Image:
    if isinstance(image, numpy.ndarray):
        return resize_array(image, size)
    from impasto.imaging.resizing import resize

    return resize(image, size)


def on_canvas(image: Image, canvas: Size) -> Image:
    """Return ``image`` (1,C,H,W), a tensor or array, in the middle of a sheet of ``canvas`` (height, width).

    Raises RecipeError if the image is larger than the sheet.
    """
    height, width = int(image.shape[2]), int(image.shape[3])
    above, left = (canvas[0] - height) // 2, (canvas[1] - width) // 2
    if min(above, left) < 0:
        raise RecipeError(
            f"A picture of {width}x{height} does not fit on a canvas of {canvas[1]}x{canvas[0]}; give a larger canvas "
            "or a smaller size."
        )
    below, right = canvas[0] - height - above, canvas[1] - width - left
    if isinstance(image, numpy.ndarray):
        sides = ((0, 0), (0, 0), (above, below), (left, right))
        return numpy.pad(image, sides, constant_values=1.0)
    import torch.nn.functional as F  # noqa: N812

    return F.pad(image, (left, right, above, below), value=1.0)


def _same_shape(size: Size, other: Size) -> bool:
    return abs(size[0] * other[1] / (size[1] * other[0]) - 1) < SAME_SHAPE
