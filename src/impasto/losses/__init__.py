"""Statistics of features (measure) and terms over them (compare), on plain tensors.

Names are imported when first used, so that the registries can be read without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto._lazy import lazy_exports

if TYPE_CHECKING:
    from impasto.losses.anchor import AnchorTerm, LayoutTerm
    from impasto.losses.base import MomentLoss, StyleLoss
    from impasto.losses.content import content_loss, content_scale, relative_error
    from impasto.losses.gram import GramLoss
    from impasto.losses.mrf import MRFLoss, PatchSample
    from impasto.losses.regions import Regions
    from impasto.losses.registry import (
        CONTENT_LOSSES,
        GRAM_NORMALISATION,
        STYLE_LOSSES,
        VARIATIONS,
        ContentLossEntry,
        LossOption,
        StyleLossEntry,
        VariationEntry,
    )
    from impasto.losses.relative import RelativeMomentLoss
    from impasto.losses.sliced import FeatureSample, SlicedWassersteinLoss
    from impasto.losses.statistics import Moments, MomentSums, average_moments, moment_sums, moments, simplex
    from impasto.losses.terms import ContentTerm, StyleTerm, Term, VariationTerm
    from impasto.losses.value_range import ValueRangeTerm, value_range_loss
    from impasto.losses.variation import total_variation
    from impasto.losses.wasserstein import Gaussian, WassersteinLoss

__all__ = [
    "CONTENT_LOSSES",
    "GRAM_NORMALISATION",
    "STYLE_LOSSES",
    "VARIATIONS",
    "AnchorTerm",
    "ContentLossEntry",
    "ContentTerm",
    "FeatureSample",
    "Gaussian",
    "GramLoss",
    "LayoutTerm",
    "LossOption",
    "MRFLoss",
    "MomentLoss",
    "MomentSums",
    "Moments",
    "PatchSample",
    "Regions",
    "RelativeMomentLoss",
    "SlicedWassersteinLoss",
    "StyleLoss",
    "StyleLossEntry",
    "StyleTerm",
    "Term",
    "ValueRangeTerm",
    "VariationEntry",
    "VariationTerm",
    "WassersteinLoss",
    "average_moments",
    "content_loss",
    "content_scale",
    "moment_sums",
    "moments",
    "relative_error",
    "simplex",
    "total_variation",
    "value_range_loss",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "anchor": ("AnchorTerm", "LayoutTerm"),
        "base": ("MomentLoss", "StyleLoss"),
        "content": ("content_loss", "content_scale", "relative_error"),
        "gram": ("GramLoss",),
        "mrf": ("MRFLoss", "PatchSample"),
        "regions": ("Regions",),
        "registry": (
            "CONTENT_LOSSES",
            "GRAM_NORMALISATION",
            "STYLE_LOSSES",
            "VARIATIONS",
            "ContentLossEntry",
            "LossOption",
            "StyleLossEntry",
            "VariationEntry",
        ),
        "relative": ("RelativeMomentLoss",),
        "sliced": ("FeatureSample", "SlicedWassersteinLoss"),
        "statistics": ("MomentSums", "Moments", "average_moments", "moment_sums", "moments", "simplex"),
        "terms": ("ContentTerm", "StyleTerm", "Term", "VariationTerm"),
        "value_range": ("ValueRangeTerm", "value_range_loss"),
        "variation": ("total_variation",),
        "wasserstein": ("Gaussian", "WassersteinLoss"),
    },
)
