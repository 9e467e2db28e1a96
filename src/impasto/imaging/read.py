"""Reading pictures: files, Pillow images, arrays and tensors become a `Picture`."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch

from impasto.errors import PictureError
from impasto.imaging.decode import open_image, picture_errors, upright_size
from impasto.imaging.picture import Picture, PictureLike
from impasto.imaging.planes import check_range
from impasto.imaging.read_arrays import checked_longest, file_bytes, file_size, read_planes
from impasto.imaging.resizing import resize
from impasto.imaging.sizes import fit


def read_picture(source: PictureLike, *, longest: int | None = None) -> Picture:
    """Read a picture: upright, in sRGB, float32 `(1, 3, H, W)` in [0, 1], with separate alpha.

    Args:
        source: a file (JPEG, PNG, WebP, TIFF, AVIF, GIF, BMP or HEIC, recognised by content; first frame), the bytes
            of one, a binary file object (read from its start), a Pillow image, a numpy array `(H, W)` or
            `(H, W, 1|3|4)`, a tensor `(C, H, W)` or `(1, C, H, W)`, or a Picture.
        longest: a picture with a longer side than this is scaled down to it. Files are then decoded at a reduced size
            where the format allows, up to 2116 megapixels; a large picture is read into a file.

    Raises PictureError if the picture cannot be read, MissingExtraError for HEIC without pillow-heif, and RecipeError
    for a `longest` below 1. Warns (PictureWarning) if a colour profile or the lower 8 of 16 bits are ignored.
    """
    if isinstance(source, torch.Tensor):
        source = from_tensor(source)
    if isinstance(source, Picture):
        return _shrunk(source, checked_longest(longest))
    planes = read_planes(source, longest=longest)
    alpha = None if planes.alpha is None else torch.from_numpy(planes.alpha)
    return Picture(torch.from_numpy(planes.pixels), alpha, planes.bits, planes.name, planes.path)


def from_tensor(tensor: torch.Tensor) -> Picture:
    """Turn `(H, W)`, `(C, H, W)` or `(1, C, H, W)` of uint8 or float in [0, 1] into a Picture.

    C is 1, 3 or 4, the fourth is alpha. The result is a detached copy on the CPU. Raises PictureError for other
    shapes, types and values.
    """
    shape = tuple(tensor.shape)
    planes = tensor.detach().cpu()
    if planes.ndim in (2, 3):
        planes = planes[(None,) * (4 - planes.ndim)]
    if planes.ndim != 4 or planes.shape[0] != 1 or planes.shape[1] not in (1, 3, 4):
        raise PictureError(
            f"A tensor picture has shape (C, H, W) or (1, C, H, W) with C = 1, 3 or 4, not {shape}."
        )
    if planes.numel() == 0:
        raise PictureError(f"The tensor is empty (shape {shape}); a picture has at least one pixel.")
    if planes.dtype == torch.uint8:
        return _split(planes.float() / 255.0, 8)
    if not planes.is_floating_point():
        raise PictureError(
            f"A tensor picture is uint8 or float in [0, 1], not {tensor.dtype}; convert it first."
        )
    check_range(planes.min().item(), planes.max().item(), "tensor")
    return _split(planes.float(), 16)


def picture_size(source: PictureLike) -> tuple[int, int]:
    """Return height and width of a picture as it is read, upright; of a file only the header is read.

    Raises what `read_picture` raises.
    """
    if isinstance(source, str | os.PathLike):
        return file_size(Path(os.fspath(source)))
    if isinstance(source, bytes) or hasattr(source, "read"):
        data, name = file_bytes(source)
        with picture_errors(Path(name)), open_image(io.BytesIO(data)) as image:
            return upright_size(image)
    picture = read_picture(source)
    return picture.height, picture.width


def _split(planes: torch.Tensor, bits: Literal[8, 16]) -> Picture:
    """Copy float32 `(1, C, H, W)`, C = 1, 3 or 4, into a Picture."""
    alpha = planes[:, -1:].clone() if planes.shape[1] == 4 else None
    color = planes[:, :3].expand(-1, 3, -1, -1)
    return Picture(color.clone(memory_format=torch.contiguous_format), alpha, bits)


def _shrunk(picture: Picture, longest: int | None) -> Picture:
    """Return the picture scaled down to `longest`, or the same object if it is not larger."""
    if longest is None or max(picture.height, picture.width) <= longest:
        return picture
    size = fit(picture.height, picture.width, longest)
    alpha = None if picture.alpha is None else resize(picture.alpha, size)
    return replace(picture, pixels=resize(picture.pixels, size), alpha=alpha)
