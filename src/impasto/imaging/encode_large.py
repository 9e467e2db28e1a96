"""Encoding of large pictures in bands of rows through libvips: PNG, TIFF (BigTIFF where needed) and JPEG."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy

from impasto.errors import PictureError
from impasto.imaging.encode import exif_block, need_vips, quantized
from impasto.imaging.planes import Array
from impasto.imaging.print_sizes import MM_PER_INCH
from impasto.imaging.profile import srgb_profile
from impasto.imaging.provenance import KEY, description_text, provenance_text
from impasto.imaging.scratch import forget, large_array, row_bands

KINDS = ("PNG", "TIFF", "JPEG")
"""Formats that are written in bands of rows."""
# A TIFF holds 4 GiB; its tables need some of them.
_MOST_TIFF = 3_900_000_000


def large_steps(color: Array, alpha: Array | None, bits: int, *, flatten: bool) -> numpy.ndarray[Any, Any]:
    """Return whole numbers `(H, W, C)` of `(3, H, W)` and alpha `(1, H, W)`, computed in bands into a file if large.

    Values are clamped to [0, 1]. `flatten` lays the picture over white instead of keeping its alpha. Raises
    PictureError for values that are not finite.
    """
    _, height, width = color.shape
    channels = 3 if alpha is None or flatten else 4
    steps = large_array((height, width, channels), numpy.uint16 if bits == 16 else numpy.uint8)
    for first, last in row_bands(height, color.nbytes // height):
        band = color[:, first:last]
        if not numpy.isfinite(band).all():
            raise PictureError("The pixels to write contain values that are not finite (NaN or infinity).")
        band = band.clip(0.0, 1.0)
        if alpha is not None:
            cover = alpha[:, first:last].clip(0.0, 1.0)
            band = band * cover + (1.0 - cover) if flatten else numpy.concatenate((band, cover))
        steps[first:last] = quantized(band, 65535 if bits == 16 else 255)
        forget()
    return steps


def encode_steps(
    path: Path,
    steps: numpy.ndarray[Any, Any],
    kind: str,
    provenance: Mapping[str, object] | None,
    quality: int = 95,
    dpi: float | None = None,
) -> None:
    """Write `(H, W, C)` of 8 or 16 bits, C = 3 or 4, with the sRGB profile, provenance and resolution.

    Only a few rows at a time are in memory. Raises MissingExtraError without pyvips, RecipeError as `encode_plain`,
    and pyvips.Error when the disk is full.
    """
    library = need_vips()
    height, width, channels = steps.shape
    deep = steps.dtype == numpy.uint16
    image = library.Image.new_from_memory(
        steps.data if steps.flags.c_contiguous else steps.tobytes(),
        width,
        height,
        channels,
        "ushort" if deep else "uchar",
    )
    density = {} if dpi is None else {"xres": dpi / MM_PER_INCH, "yres": dpi / MM_PER_INCH}
    image = image.copy(interpretation="rgb16" if deep else "srgb", **density)
    image.set_type(library.GValue.blob_type, "icc-profile-data", srgb_profile())
    if kind == "PNG" and provenance is not None:
        image.set_type(library.GValue.gstr_type, f"png-comment-0-{KEY}", provenance_text(provenance))
    elif kind == "TIFF" and provenance is not None:
        image.set_type(library.GValue.gstr_type, "image-description", description_text(provenance))
    elif kind == "JPEG" and (block := exif_block(provenance, kind, dpi)):
        image.set_type(library.GValue.blob_type, "exif-data", b"Exif\0\0" + block.removeprefix(b"Exif\0\0"))
    image.set_progress(True)
    image.signal_connect("eval", lambda *_: forget())
    target = library.Target.new_to_file(str(path))
    if kind == "PNG":
        image.write_to_target(target, ".png", bitdepth=16 if deep else 8)
    elif kind == "JPEG":
        image.write_to_target(target, ".jpg", Q=quality, subsample_mode="off", optimize_coding=False)
    else:
        image.write_to_target(
            target,
            ".tif",
            compression="deflate",
            predictor="horizontal",
            resunit="inch",
            bigtiff=steps.nbytes > _MOST_TIFF,
        )
