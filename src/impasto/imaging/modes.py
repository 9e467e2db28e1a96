"""Conversion of Pillow images of any mode and ICC profile to sRGB planes."""

from __future__ import annotations

import io
import warnings
from typing import Any, Literal

import numpy
from PIL import Image, ImageCms

from impasto.errors import PictureError
from impasto.imaging.planes import Array, PictureWarning, channels_first, check_range
from impasto.imaging.profile import srgb_profile
from impasto.imaging.sizes import resize_array

_SPACE_OF_MODE = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}


def image_planes(
    image: Image.Image, size: tuple[int, int] | None, where: str
) -> tuple[Array, Literal[8, 16]]:
    """Return float32 sRGB `(1, C, H, W)`, C = 1 to 4 (the last of 2 or 4 is alpha), and the source's depth.

    size: `(height, width)` to scale to, or None. where: name of the image in messages. Colour and alpha are scaled
    separately, so that colour under alpha 0 stays unchanged. Raises PictureError for values out of
    range.
    """
    if image.mode in ("F", "I") or image.mode.startswith("I;16"):
        planes = _deep_planes(image, where)
        return (planes if size is None else resize_array(planes, size)), 16
    profile = image.info.get("icc_profile")
    color, alpha = _split_alpha(image)
    if size is not None:
        # On 8-bit values and before the colour conversion: a quarter of the memory of floats, and faster.
        box = (size[1], size[0])
        color = color.resize(box, Image.Resampling.BICUBIC)
        alpha = alpha and alpha.resize(box, Image.Resampling.BICUBIC)
    rgb = _to_srgb(color, profile, where)
    parts = [_as_planes(rgb)] + ([] if alpha is None else [_as_planes(alpha)])
    # Into one array and in place: at 8192 x 8192 a copy takes 800 MB.
    planes = numpy.empty((1, sum(part.shape[1] for part in parts), *parts[0].shape[2:]), numpy.float32)
    numpy.concatenate(parts, axis=1, out=planes)
    planes /= 255.0
    return planes, 8


def usable_profile(data: object, space: str, where: str) -> ImageCms.ImageCmsProfile | None:
    """Return the ICC profile in `data` if pixels of `space` ("GRAY", "RGB", "CMYK") have to be converted by it.

    None if there is none or it is sRGB. A damaged profile, or one for other pixels, gives a PictureWarning and None,
    because the picture itself is still good. An RGB profile is accepted for grey pixels.
    """
    if not isinstance(data, bytes) or not data or data == srgb_profile():
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        profile_space = space_of(profile)
    except Exception:  # littleCMS reports damage in several ways
        _warn_profile(where, "damaged")
        return None
    if profile_space != space and not (space == "GRAY" and profile_space == "RGB"):
        _warn_profile(where, f"for {profile_space} pixels, not {space}")
        return None
    return profile


def space_of(profile: ImageCms.ImageCmsProfile) -> str:
    """Return the kind of pixels an ICC profile is for: "RGB", "GRAY", "CMYK", "LAB"... (ICC.1, 7.2.6)."""
    return str(profile.profile.xcolor_space).strip().upper()


def _warn_profile(where: str, why: str) -> None:
    warnings.warn(
        f"The colour profile in {where} is {why}; it is ignored and the colours are read as sRGB.",
        PictureWarning,
        stacklevel=3,
    )


def _split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return the image in L, RGB, CMYK or LAB, and its alpha as L or None."""
    transparent = "transparency" in image.info
    if image.mode in ("P", "PA"):
        palette = image.palette
        has_alpha = transparent or image.mode == "PA" or (palette is not None and palette.mode == "RGBA")
        image = image.convert("RGBA" if has_alpha else "RGB")
    elif image.mode in ("1", "L") and transparent:
        image = image.convert("LA")
    elif image.mode == "RGB" and transparent:
        image = image.convert("RGBA")
    elif image.mode in ("La", "RGBa"):
        image = image.convert(image.mode.upper())
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    if image.mode in ("LA", "1"):
        return image.convert("L"), alpha
    if image.mode in ("L", "CMYK", "LAB"):
        return image, alpha
    return image.convert("RGB"), alpha  # drops the alpha channel without multiplying


def _to_srgb(image: Image.Image, data: object, where: str) -> Image.Image:
    """Convert L, RGB, CMYK (through its profile if it has one) or LAB to RGB in sRGB."""
    if image.mode == "LAB":
        return _through(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    profile = usable_profile(data, _SPACE_OF_MODE[image.mode], where)
    if profile is not None:
        if image.mode == "L" and space_of(profile) == "RGB":
            image = image.convert("RGB")
        try:
            return _through(image, profile)
        except ImageCms.PyCMSError:
            _warn_profile(where, "damaged")
    return image.convert("RGB")


def _through(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    target = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
    done = ImageCms.profileToProfile(image, profile, target, outputMode="RGB")
    if done is None:  # only with inPlace=True
        raise PictureError("The colour conversion returned nothing.")
    return done


def _as_planes(image: Image.Image) -> numpy.ndarray[Any, Any]:
    """Return the bytes `(1, C, H, W)` of an L or RGB image."""
    values = numpy.asarray(image)
    return channels_first(values[..., None] if values.ndim == 2 else values)


def _deep_planes(image: Image.Image, where: str) -> Array:
    """Return grey (and alpha) planes of the modes F, I, I;16: floats in [0, 1] or whole numbers to 65535."""
    values = numpy.array(image)
    if image.mode == "F":
        check_range(float(values.min()), float(values.max()), f"picture {where}")
        planes = values.astype(numpy.float32)[None, None]
    else:
        if values.min() < 0 or values.max() > 65535:
            raise PictureError(
                f"{where} contains integers from {values.min()} to {values.max()};"
                " this kind of picture ranges from 0 to 65535, so scale it first."
            )
        grey = _grey_curve(image.info.get("icc_profile"), values / 65535.0, where)
        planes = grey.astype(numpy.float32)[None, None]
    key = image.info.get("transparency")
    if isinstance(key, int):  # PNG: this grey value is transparent
        alpha = (values != key).astype(numpy.float32)[None, None]
        planes = numpy.concatenate((planes, alpha), axis=1)
    return planes


def _grey_curve(
    data: object, values: numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.float64]], where: str
) -> numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.float64]]:
    """Apply the tone curve of a grey ICC profile: littleCMS maps 256 steps, between them is interpolated."""
    profile = usable_profile(data, "GRAY", where)
    if profile is None:
        return values
    ramp = Image.frombytes("L", (256, 1), bytes(range(256)))
    curve = numpy.asarray(_to_srgb(ramp, data, where), dtype=numpy.float64)[0].mean(axis=1) / 255.0
    mapped: numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.float64]] = numpy.interp(
        values, numpy.linspace(0.0, 1.0, 256), curve
    )
    return mapped
