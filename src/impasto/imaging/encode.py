"""Encoding planes to picture files of 8 bits through Pillow."""

from __future__ import annotations

import importlib
import io
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from impasto.errors import MissingExtraError, PictureError, RecipeError
from impasto.imaging.deep import vips
from impasto.imaging.planes import Array
from impasto.imaging.profile import srgb_profile
from impasto.imaging.provenance import KEY, description_text, provenance_text
from impasto.imaging.sizes import resize_array

if TYPE_CHECKING:
    from torch import Tensor

_MOST_JPEG_EXIF = 65_527  # one segment of 65,535 bytes, less its length and the word "Exif"
_BAND = 256  # rows
_INCHES = 2  # EXIF 2.32, tag 296


def channels_of(pixels: Tensor | Array, alpha: Tensor | Array | None) -> tuple[Array, Array | None]:
    """Return `(3, H, W)` and `(1, H, W)` of what `planes_of` takes, neither clamped nor checked for finite values."""
    color = _planes(pixels, 3, "pixels")
    if alpha is None:
        return color, None
    cover = _planes(alpha, 1, "alpha")
    size = (color.shape[1], color.shape[2])
    return color, cover if cover.shape[1:] == size else resize_array(cover[None].clip(0.0, 1.0), size)[0]


def planes_of(pixels: Tensor | Array, alpha: Tensor | Array | None) -> Array:
    """Combine `(1, 3, H, W)` or `(3, H, W)` and an alpha to float32 `(C, H, W)` in [0, 1], C = 3 or 4.

    An alpha `(1, 1, h, w)`, `(1, h, w)` or `(h, w)` of another size is resized. Raises PictureError for other
    shapes, other types than float, and values that are not finite.
    """
    color = _single(pixels, 3, "pixels")
    if alpha is None:
        return color
    cover = resize_array(_single(alpha, 1, "alpha")[None], (color.shape[1], color.shape[2]))
    return numpy.concatenate((color, cover[0]))


def _planes(image: Tensor | Array, channels: int, what: str) -> Array:
    shape = tuple(image.shape)
    if isinstance(image, numpy.ndarray):
        planes, floating = image, numpy.issubdtype(image.dtype, numpy.floating)
    else:
        floating = image.is_floating_point()
        planes = image.detach().cpu().float().numpy()
    if planes.ndim == 2 and channels == 1:
        planes = planes[None]
    if planes.ndim == 4 and planes.shape[0] == 1:
        planes = planes[0]
    if planes.ndim != 3 or planes.shape[0] != channels or 0 in shape or not floating:
        raise PictureError(
            f"The {what} to write are floats of shape (1, {channels}, H, W), not {image.dtype} {shape}."
        )
    return planes.astype(numpy.float32, copy=False)


def _single(image: Tensor | Array, channels: int, what: str) -> Array:
    planes = _planes(image, channels, what)
    low, high = float(planes.min()), float(planes.max())  # NaN if one value is
    if not (math.isfinite(low) and math.isfinite(high)):
        raise PictureError(f"The {what} to write contain values that are not finite (NaN or infinity).")
    # A copy of a picture of 8192 x 8192 takes 800 MB.
    return planes if low >= 0.0 and high <= 1.0 else planes.clip(0.0, 1.0)


def quantized(planes: Array, top: int) -> numpy.ndarray[Any, Any]:
    """Return `(H, W, C)` whole numbers 0 to `top` (255 or 65535) of `(C, H, W)` in [0, 1], halves up."""
    channels, height, width = planes.shape
    steps = numpy.empty((height, width, channels), numpy.uint16 if top > 255 else numpy.uint8)
    for first in range(0, height, _BAND):  # in bands, because a large picture already takes much memory
        band = planes[:, first : first + _BAND]
        # Float64 for 16 bit: x * 65535 + 0.5 has no spare bits in float32.
        exact = band.astype(numpy.float64) if top > 255 else band
        steps[first : first + _BAND] = numpy.floor(exact * top + 0.5).transpose(1, 2, 0)
    return steps


def to_image(pixels: Tensor | Array, alpha: Tensor | Array | None = None) -> Image.Image:
    """Return an 8-bit Pillow image, RGB or with `alpha` RGBA, of `(1, 3, H, W)` or `(3, H, W)`.

    Values are clamped to [0, 1] and rounded to the nearest of 256 steps, halves up. An alpha of another size
    is resized. Raises PictureError for other shapes and values that are not finite.
    """
    return Image.fromarray(quantized(planes_of(pixels, alpha), 255))


def encode_plain(
    planes: Array,
    kind: str,
    provenance: Mapping[str, object] | None,
    quality: int,
    dpi: float | None = None,
) -> bytes:
    """Encode `(C, H, W)`, C = 3 or 4, as an 8-bit file of Pillow's format `kind`, with sRGB profile and provenance.

    JPEG: 4:4:4, alpha over white. AVIF and HEIC: 4:4:4. WebP keeps the colour under alpha 0. Raises
    RecipeError when the provenance is too long for JPEG, MissingExtraError for HEIC without pillow-heif, and what
    Pillow raises.
    """
    if kind == "JPEG" and planes.shape[0] == 4:
        planes = planes[:3] * planes[3:] + (1.0 - planes[3:])
    image = Image.fromarray(quantized(planes, 255))
    # In memory first: with a file, Pillow does not notice a write that a full disk truncates.
    buffer = io.BytesIO()
    options: dict[str, Any] = {"icc_profile": srgb_profile()}
    if kind in ("JPEG", "WEBP", "AVIF", "HEIF"):
        options |= {"quality": quality, "exif": exif_block(provenance, kind, dpi)}
    if dpi is not None and kind in ("PNG", "TIFF", "JPEG"):
        options["dpi"] = (dpi, dpi)
    if kind == "PNG":
        options["pnginfo"] = _png_text(provenance)
    elif kind == "JPEG":
        options["subsampling"] = 0
    elif kind == "WEBP":
        options["exact"] = True
    elif kind == "AVIF":
        options["subsampling"] = "4:4:4"
    elif kind == "TIFF":
        options["compression"] = "tiff_adobe_deflate"
        if provenance is not None:
            options["description"] = description_text(provenance)
    elif kind == "HEIF":
        image.info["icc_profile"] = options.pop("icc_profile")
        need_heif().from_pillow(image).save(buffer, chroma=444, **options)
        return buffer.getvalue()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def need_vips() -> Any:
    """Return pyvips; raises MissingExtraError if it is not installed."""
    library = vips()
    if library is None:
        raise MissingExtraError("Writing 16 bits a channel", "io")
    return library


def need_heif() -> Any:
    """Return pillow_heif; raises MissingExtraError if it is not installed."""
    try:
        return importlib.import_module("pillow_heif")
    except (ImportError, OSError) as error:
        raise MissingExtraError("Writing HEIC", "heif") from error


def _png_text(provenance: Mapping[str, object] | None) -> PngInfo:
    info = PngInfo()
    if provenance is not None:
        info.add_text(KEY, provenance_text(provenance))
    return info


def exif_block(provenance: Mapping[str, object] | None, kind: str, dpi: float | None) -> bytes:
    """Return an EXIF block with the provenance as ImageDescription and the resolution, empty without both."""
    if provenance is None and dpi is None:
        return b""
    exif = Image.Exif()
    if provenance is not None:
        exif[ExifTags.Base.ImageDescription] = description_text(provenance)
    if dpi is not None:
        exif[ExifTags.Base.XResolution] = exif[ExifTags.Base.YResolution] = dpi
        exif[ExifTags.Base.ResolutionUnit] = _INCHES
    data = exif.tobytes()
    if kind == "JPEG" and len(data) > _MOST_JPEG_EXIF:
        raise RecipeError(
            f"JPEG holds recipes up to 64 kB, this one has {len(data)} bytes; write .png or .tiff."
        )
    return data
