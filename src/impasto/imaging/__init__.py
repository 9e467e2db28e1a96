"""Pixels in and out: reading, writing, resizing, colour and masks.

Pictures are float32 `(1, 3, H, W)`, sRGB-encoded, in [0, 1]. Only this package deals with file formats, bit depths,
orientations and colour profiles. Names are imported when first used: reading into arrays and writing need no torch. No
submodule may have the name of an export, because importing it would hide the export.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto._lazy import lazy_exports

if TYPE_CHECKING:
    from impasto.imaging.atomic import atomic_write, check_place, write_bytes_atomic, write_text_atomic
    from impasto.imaging.color import (
        LUMA,
        lab_to_rgb,
        linear_to_srgb,
        luma,
        luminance,
        rgb_to_lab,
        srgb_to_linear,
    )
    from impasto.imaging.decode import open_image, orientation_of, picture_errors
    from impasto.imaging.encode import to_image
    from impasto.imaging.folders import READABLE, pictures_in
    from impasto.imaging.layouts import from_channels_last, to_channels_last
    from impasto.imaging.mask_names import MASK_NAMES
    from impasto.imaging.masks import area_average, complete_masks, ramp, read_mask, scale_mask
    from impasto.imaging.match import DEFAULT_SPACE, MATCHES, SPACES, match_colors
    from impasto.imaging.period_two import period_two_means
    from impasto.imaging.picture import Picture, PictureLike
    from impasto.imaging.planes import PictureWarning, Planes
    from impasto.imaging.profile import srgb_profile
    from impasto.imaging.provenance import embedded_provenance, provenance_text, read_embedded_json
    from impasto.imaging.read import picture_size, read_picture
    from impasto.imaging.read_arrays import check_file, read_planes
    from impasto.imaging.recolor import color_difference, fade, into_gamut, return_colors
    from impasto.imaging.regions import Region, read_regions
    from impasto.imaging.resizing import resize
    from impasto.imaging.sizes import fit, resize_array
    from impasto.imaging.write import WRITABLE, check_writable, write_animation, write_picture

__all__ = [
    "DEFAULT_SPACE",
    "LUMA",
    "MASK_NAMES",
    "MATCHES",
    "READABLE",
    "SPACES",
    "WRITABLE",
    "Picture",
    "PictureLike",
    "PictureWarning",
    "Planes",
    "Region",
    "area_average",
    "atomic_write",
    "check_file",
    "check_place",
    "check_writable",
    "color_difference",
    "complete_masks",
    "embedded_provenance",
    "fade",
    "fit",
    "from_channels_last",
    "into_gamut",
    "lab_to_rgb",
    "linear_to_srgb",
    "luma",
    "luminance",
    "match_colors",
    "open_image",
    "orientation_of",
    "period_two_means",
    "picture_errors",
    "picture_size",
    "pictures_in",
    "provenance_text",
    "ramp",
    "read_embedded_json",
    "read_mask",
    "read_picture",
    "read_planes",
    "read_regions",
    "resize",
    "resize_array",
    "return_colors",
    "rgb_to_lab",
    "scale_mask",
    "srgb_profile",
    "srgb_to_linear",
    "to_channels_last",
    "to_image",
    "write_animation",
    "write_bytes_atomic",
    "write_picture",
    "write_text_atomic",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "atomic": ("atomic_write", "check_place", "write_bytes_atomic", "write_text_atomic"),
        "color": (
            "LUMA",
            "lab_to_rgb",
            "linear_to_srgb",
            "luma",
            "luminance",
            "rgb_to_lab",
            "srgb_to_linear",
        ),
        "decode": ("open_image", "orientation_of", "picture_errors"),
        "encode": ("to_image",),
        "folders": ("READABLE", "pictures_in"),
        "layouts": ("from_channels_last", "to_channels_last"),
        "mask_names": ("MASK_NAMES",),
        "masks": ("area_average", "complete_masks", "ramp", "read_mask", "scale_mask"),
        "match": ("DEFAULT_SPACE", "MATCHES", "SPACES", "match_colors"),
        "period_two": ("period_two_means",),
        "picture": ("Picture", "PictureLike"),
        "planes": ("PictureWarning", "Planes"),
        "profile": ("srgb_profile",),
        "provenance": ("embedded_provenance", "provenance_text", "read_embedded_json"),
        "read": ("picture_size", "read_picture"),
        "read_arrays": ("check_file", "read_planes"),
        "recolor": ("color_difference", "fade", "into_gamut", "return_colors"),
        "regions": ("Region", "read_regions"),
        "resizing": ("resize",),
        "sizes": ("fit", "resize_array"),
        "write": ("WRITABLE", "check_writable", "write_animation", "write_picture"),
    },
)
