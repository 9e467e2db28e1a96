"""Decoding with libvips: 16-bit pictures without loss, and huge pictures in a stream (extra `io`)."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Literal

import numpy

from impasto.errors import PictureError
from impasto.imaging.limits import check_pixels
from impasto.imaging.modes import space_of, usable_profile
from impasto.imaging.planes import Array, channels_first, check_range
from impasto.imaging.scratch import forget, is_large, large_array, row_bands
from impasto.imaging.sizes import fit

_PLAIN = {"srgb", "rgb", "rgb16", "b-w", "grey16", "multiband", "scrgb"}


def vips() -> Any | None:
    """Return the pyvips module, or None where it or its library is not installed."""
    try:
        return importlib.import_module("pyvips")
    except (ImportError, OSError):
        return None


def decode_streamed(
    library: Any, path: Path, longest: int | None, profile: object, data: bytes | None = None
) -> tuple[Array, Literal[8, 16], int]:
    """Return float32 sRGB `(1, C, H, W)`, the source's depth and its EXIF orientation (not applied).

    C is 1 to 4; the last of 2 or 4 is alpha. profile: the ICC profile as Pillow read it, because libvips silently
    drops damaged ones. data: the bytes of a file in memory, for which `path` is only a name. With `longest` the picture
    is scaled down while it is read, so that memory holds only a few lines and the result. A large result lies in a file
    and has 3 or 4 channels, grey repeated. Raises PictureError for sizes, channel counts and float values out of range,
    and pyvips.Error for damaged files.
    """
    where = f"'{path}'"
    # A source, not a file name: libvips interprets "[" in names as options and caches files by name.
    held = data is not None
    source = library.Source.new_from_memory(data) if held else library.Source.new_from_file(str(path))
    image = library.Image.new_from_source(source, "", access="sequential", fail_on="truncated")
    check_pixels(image.width, image.height, where)
    orientation = int(image.get("orientation")) if "orientation" in image.get_fields() else 1
    size = (image.height, image.width)
    if longest is not None and max(size) > longest:
        size = fit(*size, longest)
        image = _scaled(image, size)
    converted = _to_srgb(library, image, profile, where)
    if converted.bands > 4:
        raise PictureError(f"{where} has {converted.bands} channels; a picture has 1 to 4.")
    if is_large(size[0] * size[1] * 3 * 4):
        return *_in_bands(library, converted, where), orientation
    planes, bits = _unit(converted.numpy(), where)
    return channels_first(planes), bits, orientation


def _in_bands(library: Any, image: Any, where: str) -> tuple[Array, Literal[8, 16]]:
    """Return the pixels of a large image, read in bands of rows into a file, and its depth."""
    channels = 3 + (image.bands in (2, 4))
    region = library.Region.new(image)
    planes: Array | None = None
    bits: Literal[8, 16] = 8
    for first, last in row_bands(image.height, 4 * channels * image.width):
        data = region.fetch(0, first, image.width, last - first)
        values = numpy.frombuffer(data, library.vimage.FORMAT_TO_TYPESTR[image.format])
        band, bits = _unit(values.reshape(last - first, image.width, image.bands), where)
        if image.bands < 3:
            band = numpy.concatenate((band[..., :1].repeat(3, axis=2), band[..., 1:]), axis=2)
        if planes is None:  # after the first rows: a damaged file often ends in its header
            planes = large_array((1, channels, image.height, image.width), numpy.float32)
        planes[:, :, first:last] = channels_first(band)
        forget()
    assert planes is not None
    return planes, bits


def _scaled(image: Any, size: tuple[int, int]) -> Any:
    """Scale all channels to `(height, width)`, without premultiplied alpha."""
    deep = image.format == "ushort"
    # libvips scales integers with 12-bit weights: a constant 60000 would become 59985.
    scaled = (image.cast("float") if deep else image).resize(
        size[1] / image.width, vscale=size[0] / image.height, kernel="cubic"
    )
    return scaled.rint().cast("ushort") if deep else scaled


def _to_srgb(library: Any, image: Any, data: object, where: str) -> Any:
    """Convert to sRGB of the same depth; grey without a profile and floats stay unchanged."""
    if image.format in ("float", "double") and image.interpretation in _PLAIN:
        return image  # values in [0, 1] are used unchanged, as with Pillow's mode F
    depth, target = (8, "srgb") if image.format in ("uchar", "char") else (16, "rgb16")
    plain = image.interpretation in _PLAIN
    space = {"b-w": "GRAY", "grey16": "GRAY", "cmyk": "CMYK"}.get(image.interpretation, "RGB")
    profile = usable_profile(data, space, where) if plain or space == "CMYK" else None
    if profile is not None:
        if space == "GRAY" and space_of(profile) == "RGB":
            image = image.colourspace(target)
        image = image.copy()
        image.set_type(library.GValue.blob_type, "icc-profile-data", data)
        return image.icc_transform("srgb", embedded=True, intent="perceptual", depth=depth)
    return image if plain else image.colourspace(target)


def _unit(values: numpy.ndarray[Any, Any], where: str) -> tuple[Array, Literal[8, 16]]:
    """Scale `(H, W, C)` or `(H, W)` to float32 in [0, 1]; return it with the bit depth."""
    depth: Literal[8, 16] = 16
    if values.ndim == 2:
        values = values[..., None]
    if values.dtype == numpy.uint8:
        scaled, depth = values.astype(numpy.float32) / numpy.float32(255), 8
    elif values.dtype == numpy.uint16:
        scaled = values.astype(numpy.float32) / numpy.float32(65535)
    elif numpy.issubdtype(values.dtype, numpy.floating):
        check_range(float(values.min()), float(values.max()), f"picture {where}")
        scaled = values.astype(numpy.float32)
    else:
        raise PictureError(f"{where} holds {values.dtype} numbers; save it with 8 or 16 bits a channel.")
    return scaled, depth
