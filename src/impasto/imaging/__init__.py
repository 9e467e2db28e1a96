"""Pixels in and out: reading, writing, resizing, colour and masks.

Pictures are float32 `(1, 3, H, W)`, sRGB-encoded, in [0, 1]. Only this package deals with file formats, bit depths,
orientations and colour profiles.
"""

from impasto.imaging.atomic import atomic_write, check_place, write_bytes_atomic, write_text_atomic
from impasto.imaging.color import (
    LUMA,
    lab_to_rgb,
    linear_to_srgb,
    luma,
    luminance,
    rgb_to_lab,
    srgb_profile,
    srgb_to_linear,
)
from impasto.imaging.decode import open_image, orientation_of, picture_errors
from impasto.imaging.encode import to_image
from impasto.imaging.folders import READABLE, pictures_in
from impasto.imaging.masks import MASK_NAMES, area_average, complete_masks, ramp, read_mask, scale_mask
from impasto.imaging.match import DEFAULT_SPACE, MATCHES, SPACES, match_colors
from impasto.imaging.period_two import period_two_means
from impasto.imaging.picture import Picture, PictureLike, PictureWarning
from impasto.imaging.provenance import provenance_text, read_embedded_json
from impasto.imaging.read import check_file, longer_side, read_picture
from impasto.imaging.recolor import color_difference, fade, into_gamut, return_colors
from impasto.imaging.regions import Region, read_regions
from impasto.imaging.resize import fit, resize
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
    "Region",
    "area_average",
    "atomic_write",
    "check_file",
    "check_place",
    "check_writable",
    "color_difference",
    "complete_masks",
    "fade",
    "fit",
    "into_gamut",
    "lab_to_rgb",
    "linear_to_srgb",
    "longer_side",
    "luma",
    "luminance",
    "match_colors",
    "open_image",
    "orientation_of",
    "period_two_means",
    "picture_errors",
    "pictures_in",
    "provenance_text",
    "ramp",
    "read_embedded_json",
    "read_mask",
    "read_picture",
    "read_regions",
    "resize",
    "return_colors",
    "rgb_to_lab",
    "scale_mask",
    "srgb_profile",
    "srgb_to_linear",
    "to_image",
    "write_animation",
    "write_bytes_atomic",
    "write_picture",
    "write_text_atomic",
]
