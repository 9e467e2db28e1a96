"""Size consistency: whether a large picture is the small one with more detail, and a preview predicts a print.

The measure is impasto's own. The colour difference is CIE 1976 (CIE 15:2004, section 8.2.1.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from impasto.imaging import fit, resize, rgb_to_lab
from impasto.metrics.encoded import FeatureExtractor
from impasto.metrics.scores import LONGEST, judge, judge_pictures

REDUCTION = 16
CONSISTENCY: Mapping[str, str] = MappingProxyType(
    {
        "style5_change": "change of STYLE5",
        "style5_between": "STYLE5 between the two",
        "layout": "Lab difference at 1/16",
    }
)
"""Headings of the values of `size_consistency`."""


def layout_difference(one: Tensor, other: Tensor) -> float:
    """Return the mean CIE Lab difference of two pictures `(1, 3, H, W)` at 1/16 of the size of `one`.

    0 for equal pictures; about 2 can just be seen, 100 is black against white. Finer strokes do not count.
    """
    size = (max(1, round(one.shape[2] / REDUCTION)), max(1, round(one.shape[3] / REDUCTION)))
    first, second = (rgb_to_lab(resize(picture.detach().float(), size)) for picture in (one, other))
    difference: Tensor = torch.linalg.vector_norm(first - second, dim=1)
    return difference.mean().item()


def size_consistency(
    one: Tensor, other: Tensor, style: Tensor, encoder: FeatureExtractor, longest: int = LONGEST
) -> dict[str, float]:
    """Return how far two pictures of one recipe are from each other, such as one of 512 and one of 2048 pixels.

    Both are `(1, 3, H, W)` in [0, 1], as is `style`. They are resized to the longer side `longest`.

    * "style5_change": |STYLE5(one, style) - STYLE5(other, style)|;
    * "style5_between": STYLE5 of `other` with `one` as its style image;
    * "layout": `layout_difference`.

    Raises PictureError and RecipeError as `judge`, the latter too where the encoder has no layers relu1_1 to relu5_1.
    """
    one = resize(one, fit(one.shape[2], one.shape[3], longest))
    other = resize(other, (one.shape[2], one.shape[3]))
    pair = {"one": one, "other": other}
    to_style = judge_pictures(pair, one, style, encoder, longest, ("style5",))
    return {
        "style5_change": abs(to_style["one"].style5 - to_style["other"].style5),
        "style5_between": judge(other, one, one, encoder, longest, ("style5",)).style5,
        "layout": layout_difference(one, other),
    }
