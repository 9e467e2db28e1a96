"""Writing pictures and animations, atomically and with the provenance embedded."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from impasto.errors import ImpastoError, OutputError, PictureError, RecipeError, unknown
from impasto.imaging.atomic import atomic_write, check_place
from impasto.imaging.deep import vips
from impasto.imaging.encode import channels_of, encode_plain, need_heif, need_vips, planes_of
from impasto.imaging.encode_large import KINDS, encode_steps, large_steps
from impasto.imaging.planes import Array
from impasto.imaging.provenance import provenance_text
from impasto.imaging.scratch import is_large

if TYPE_CHECKING:
    from torch import Tensor

WRITABLE = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".avif": "AVIF",
    ".heic": "HEIF",
}
"""Suffixes that can be written, with Pillow's names of the formats."""
_ANIMATED = {".webp": "WEBP", ".gif": "GIF"}


def check_writable(path: str | os.PathLike[str], *, bits: int = 8) -> Path:
    """Return `path` if a picture with `bits` per channel can be written there; call it before expensive work.

    Raises RecipeError for an unknown suffix or a depth the format does not support, OutputError if the folder is
    missing or not writable or `path` is a folder, and MissingExtraError if the format needs an extra.
    """
    target = Path(path)
    kind = WRITABLE.get(target.suffix.lower())
    if kind is None:
        raise RecipeError(unknown("picture suffix", target.suffix, WRITABLE))
    if bits not in (8, 16):
        raise RecipeError(f"A picture is written with 8 or 16 bits a channel, not {bits!r}.")
    if bits == 16:
        if kind not in ("PNG", "TIFF"):
            raise RecipeError(
                f"{target.suffix} does not support 16 bits per channel here; write .png or .tiff, or 8 bits."
            )
        need_vips()
    if kind == "HEIF":
        need_heif()
    return check_place(target)


def write_picture(
    path: str | os.PathLike[str],
    pixels: Tensor | Array,
    *,
    alpha: Tensor | Array | None = None,
    bits: int = 8,
    provenance: Mapping[str, object] | None = None,
    quality: int = 95,
    dpi: float | None = None,
) -> Path:
    """Write a tensor or array `(1, 3, H, W)` or `(3, H, W)` in sRGB; the suffix is the format. Return the path.

    The file is written in one step. Values are clamped to [0, 1] and rounded to the nearest step, halves up. alpha:
    `(1, 1, h, w)`, resized to the pixels; JPEG, which has none, gets the picture over white. bits: 16 for PNG and
    TIFF. provenance: a JSON-able mapping to embed, see `read_embedded_json`. quality: 1 to 100 for JPEG, WebP, AVIF
    and HEIC. dpi: dots per inch to store (whole ones in JPEG). An sRGB profile is always embedded. Raises
    RecipeError, OutputError, MissingExtraError as `check_writable`, PictureError for pixels of another shape or type
    or not finite; the old file is then untouched.
    """
    target = check_writable(path, bits=bits)
    if isinstance(quality, bool) or not isinstance(quality, int) or not 1 <= quality <= 100:
        raise RecipeError(f"Quality is a whole number from 1 to 100, not {quality!r}.")
    if provenance is not None:
        provenance_text(provenance)
    kind = WRITABLE[target.suffix.lower()]
    if bits == 16 or (kind in KINDS and is_large(pixels.nbytes) and vips() is not None):
        color, cover = channels_of(pixels, alpha)
        steps = large_steps(color, cover, bits, flatten=kind == "JPEG")
        with atomic_write(target) as temporary, _encoding(target):
            encode_steps(temporary, steps, kind, provenance, quality, dpi)
        return target
    planes = planes_of(pixels, alpha)
    with atomic_write(target) as temporary, _encoding(target):
        temporary.write_bytes(encode_plain(planes, kind, provenance, quality, dpi))
    return target


def write_animation(
    path: str | os.PathLike[str], frames: Iterable[Image.Image], *, milliseconds: int = 80
) -> Path:
    """Write frames of one size as an endless animation, .webp or .gif, in one step, and return the path.

    milliseconds: how long each frame is shown, 1 to 65535 (GIF rounds to hundredths of a second). Raises
    RecipeError for another suffix or duration, PictureError for no frames or frames of different sizes,
    OutputError when it cannot be written.
    """
    target = Path(path)
    kind = _ANIMATED.get(target.suffix.lower())
    if kind is None:
        raise RecipeError(unknown("animation suffix", target.suffix, _ANIMATED))
    if isinstance(milliseconds, bool) or not 1 <= milliseconds <= 65535:
        raise RecipeError(f"A frame is shown for 1 to 65535 milliseconds, not {milliseconds!r}.")
    check_place(target)
    images = [frame if frame.mode in ("RGB", "RGBA") else frame.convert("RGBA") for frame in frames]
    sizes = sorted({image.size for image in images})
    if len(sizes) != 1:
        given = f"sizes {sizes}" if sizes else "no frame at all"
        raise PictureError(f"An animation needs frames of one size, not {given}.")
    options = {"quality": 90, "method": 4} if kind == "WEBP" else {}
    with atomic_write(target) as temporary, _encoding(target):
        buffer = io.BytesIO()  # not the file itself, see `encode_plain`
        images[0].save(
            buffer, kind, save_all=True, append_images=images[1:], duration=milliseconds, loop=0, **options
        )
        temporary.write_bytes(buffer.getvalue())
    return target


@contextlib.contextmanager
def _encoding(path: Path) -> Iterator[None]:
    """Turn an encoder's exceptions into an OutputError about `path`; impasto's own and OSErrors pass unchanged."""
    try:
        yield
    except (ImpastoError, OSError):
        raise
    except Exception as error:  # Pillow raises ValueError and others, libvips its own
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise OutputError(f"'{path}' could not be written ({reason}).") from error
