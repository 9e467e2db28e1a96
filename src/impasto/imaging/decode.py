"""Decoding picture files to upright sRGB planes."""

from __future__ import annotations

import contextlib
import importlib
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy
from PIL import ExifTags, Image, UnidentifiedImageError

from impasto.errors import ImpastoError, MissingExtraError, PictureError
from impasto.imaging.deep import decode_streamed, vips
from impasto.imaging.limits import MOST_HELD, check_pixels, refuse
from impasto.imaging.modes import image_planes
from impasto.imaging.planes import Array, PictureWarning
from impasto.imaging.scratch import forget, is_large, large_array
from impasto.imaging.sizes import fit

KNOWN = "JPEG, PNG, WebP, TIFF, AVIF, GIF, BMP or HEIC"
# Only these (MPO comes with JPEG): Pillow would otherwise run Ghostscript for EPS and guess formats without headers.
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "GIF", "BMP")
_STREAMED = ("JPEG", "MPO", "PNG", "WEBP", "TIFF")
_STREAMED_MODES = ("L", "LA", "P", "RGB", "RGBA")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_WORTH_STREAMING = 32_000_000  # pixels; below, Pillow is faster and needs under 100 MB
_BLOCK = 2048  # pixels
_OPENING = threading.Lock()

DecodedPlanes = tuple[Array, Literal[8, 16]]


@contextlib.contextmanager
def picture_errors(path: Path) -> Iterator[None]:
    """Turn any exception of a decoder into a PictureError about `path`; impasto's own errors pass unchanged."""
    try:
        yield
    except (ImpastoError, PictureWarning):
        raise
    except MemoryError as error:
        raise PictureError(
            f"'{path}' does not fit into memory; give a smaller size for the longer side."
        ) from error
    except UnidentifiedImageError as error:
        raise PictureError(
            f"'{path}' is not a readable picture, whatever its name says; give a {KNOWN} file."
        ) from error
    except PermissionError as error:
        raise PictureError(f"'{path}' cannot be read (permission denied); change its permissions.") from error
    except Exception as error:  # Pillow and libvips raise a dozen kinds for damaged files
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise PictureError(
            f"'{path}' cannot be read as a picture, it is damaged or truncated ({reason}); give another file."
        ) from error


def open_image(file: BinaryIO) -> Image.Image:
    """Open a picture of any known format without decoding it.

    Raises MissingExtraError for HEIC without pillow-heif, and what Pillow raises. Call it inside `picture_errors`.
    """
    head = file.read(64)
    file.seek(0)
    if _is_heic(head):
        try:
            heif = importlib.import_module("pillow_heif")
        except (ImportError, OSError) as error:
            raise MissingExtraError("Reading HEIC", "heif") from error
        opened: Image.Image = heif.HeifImageFile(file)
        return opened
    # Pillow's own limit is lifted while it reads the header; `check_pixels` checks the size with better advice.
    with _OPENING:
        previous_limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            Image.preinit()
            try:
                return Image.open(file, formats=_loaded_formats())
            except UnidentifiedImageError:
                # Only few formats are loaded so far: all of them take as long as decoding a small picture.
                Image.init()
                return Image.open(file, formats=_loaded_formats())
        finally:
            Image.MAX_IMAGE_PIXELS = previous_limit


def _loaded_formats() -> list[str]:
    return [name for name in _FORMATS if name in Image.OPEN]


def decode_file(file: BinaryIO, path: Path, longest: int | None, data: bytes | None = None) -> DecodedPlanes:
    """Return upright float32 sRGB `(1, C, H, W)` (C = 1 to 4) of a file's first picture, and its depth.

    data: the bytes of a file in memory, for which `path` is only a name.
    """
    start = file.read(4)
    file.seek(0)
    try:
        image = open_image(file)
    except UnidentifiedImageError:
        # Float RGB and other TIFFs that Pillow does not support.
        library = vips() if start in _TIFF_STARTS else None
        if library is not None:
            return _stream(library, path, longest, None, data)
        raise
    with image:
        check_pixels(*image.size, f"'{path}'")
        deep = _is_deep(image, file)
        # Importing libvips takes longer than decoding a small picture.
        library = vips() if deep or _better_streamed(image, longest) else None
        if library is not None:
            return _stream(library, path, longest, image.info.get("icc_profile"), data)
        if deep and not image.mode.startswith("I"):
            warnings.warn(
                f"'{path}' has 16 bits a channel, but only 8 of them are read;"
                " for all of them: pip install 'impasto[io]'.",
                PictureWarning,
                stacklevel=2,
            )
        size = _wanted(image, longest)
        _draft(image, size, f"'{path}'")
        image.load()
        planes, bits = image_planes(image, size, f"'{path}'")
        return orient(planes, orientation_of(image)), bits


def orient(planes: numpy.ndarray[Any, Any], orientation: int) -> numpy.ndarray[Any, Any]:
    """Return a view of `(..., H, W)` upright by its EXIF orientation 1 to 8; others mean 1 (EXIF 2.32, tag 274)."""
    if orientation in (5, 6, 7, 8):
        planes = planes.swapaxes(-1, -2)
    flips = {2: (-1,), 3: (-1, -2), 4: (-2,), 6: (-1,), 7: (-1, -2), 8: (-2,)}.get(orientation, ())
    return numpy.flip(planes, flips) if flips else planes


def large_contiguous(planes: numpy.ndarray[Any, Any]) -> numpy.ndarray[Any, Any]:
    """Return `(1, C, H, W)` contiguous in memory, copied in blocks into a file where it is large."""
    if planes.flags.c_contiguous or not is_large(planes.nbytes):
        return planes
    copy = large_array(planes.shape, planes.dtype)
    for top in range(0, planes.shape[2], _BLOCK):
        for left in range(0, planes.shape[3], _BLOCK):
            block = numpy.s_[:, :, top : top + _BLOCK, left : left + _BLOCK]
            copy[block] = planes[block]
            forget()
    return copy


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation of a Pillow image, 1 where there is none or the EXIF block is damaged."""
    # Pillow decodes a whole PNG to look for EXIF after the pixels: a large picture is streamed or refused instead.
    if image.format == "PNG" and "exif" not in image.info and is_large(image.width * image.height * 12):
        return 1
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # a picture with damaged EXIF is still readable
        return 1
    return orientation if isinstance(orientation, int) else 1


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Return height and width of a Pillow image, upright by its EXIF orientation."""
    width, height = image.size
    return (width, height) if orientation_of(image) in (5, 6, 7, 8) else (height, width)


def _stream(
    library: object, path: Path, longest: int | None, profile: object, data: bytes | None
) -> DecodedPlanes:
    planes, bits, orientation = decode_streamed(library, path, longest, profile, data)
    return large_contiguous(orient(planes, orientation)), bits


def _is_heic(head: bytes) -> bool:
    if head[4:8] != b"ftyp":
        return False
    others = head[16 : min(64, int.from_bytes(head[:4], "big"))]
    return head[8:12] in _HEIC_BRANDS or (
        head[8:12] in (b"mif1", b"msf1") and any(brand in others for brand in _HEIC_BRANDS)
    )


def _is_deep(image: Image.Image, file: BinaryIO) -> bool:
    """Return whether the file has 16-bit channels; Pillow silently opens most such files with 8 bits."""
    if image.format == "PNG":
        file.seek(24)
        return file.read(1) == b"\x10"
    tags = getattr(image, "tag_v2", None)
    if image.format != "TIFF" or tags is None or image.mode in ("F", "I"):
        return False
    depths = tags.get(258, (1,))
    return bool(max(depths if isinstance(depths, tuple) else (depths,)) > 8)


def _wanted(image: Image.Image, longest: int | None) -> tuple[int, int] | None:
    """The `(height, width)` to scale to, or None to keep the size."""
    if longest is None or max(image.size) <= longest:
        return None
    return fit(image.height, image.width, longest)


def _better_streamed(image: Image.Image, longest: int | None) -> bool:
    """Return whether libvips should read this 8-bit file, because Pillow would need too much memory."""
    if not _can_stream(image):
        return False
    size = _wanted(image, longest)
    height, width = size or (image.height, image.width)
    if is_large(height * width * 3 * 4) and image.mode in _STREAMED_MODES:
        return True
    if size is None:
        return False
    pixels = image.width * image.height
    if image.format in ("JPEG", "MPO") or image.mode not in _STREAMED_MODES:
        return _held(image, size)[0] > MOST_HELD
    return pixels > _WORTH_STREAMING


def _can_stream(image: Image.Image) -> bool:
    """Return whether the file stores its lines in order: neither interlaced nor progressive."""
    return image.format in _STREAMED and not (image.info.get("interlace") or image.info.get("progressive"))


def _held(image: Image.Image, size: tuple[int, int] | None) -> tuple[int, int]:
    """Return how many pixels Pillow holds to decode to `size`, and the factor by which the JPEG decoder can shrink."""
    pixels = image.width * image.height
    if size is None or image.format not in ("JPEG", "MPO"):
        return pixels, 1
    scale = 1
    for margin in (2, 1):  # twice the size if possible: a better filter does the last step
        fitting = (s for s in (8, 4, 2, 1) if image.height // s >= margin * size[0])
        scale = next((s for s in fitting if image.width // s >= margin * size[1]), 1)
        if pixels // scale**2 <= MOST_HELD:
            break
    # A progressive file needs all its coefficients in memory, whatever the output size.
    return (pixels if image.info.get("progressive") else pixels // scale**2), scale


def _draft(image: Image.Image, size: tuple[int, int] | None, where: str) -> None:
    """Let the JPEG decoder shrink the picture; raises PictureError if it still does not fit into memory."""
    held, scale = _held(image, size)
    if held > MOST_HELD:
        if not _can_stream(image):
            advice = "shrink it first"
        else:
            advice = (
                "shrink it first"
                if vips() is not None
                else "pip install 'impasto[io]' to read it in pieces, or shrink it"
            )
        raise refuse(image.width, image.height, where, advice)
    if scale > 1:
        image.draft(None, (image.width // scale, image.height // scale))
