"""Statistics of features (measure) and terms over them (compare), on plain tensors."""

from impasto.losses.anchor import AnchorTerm
from impasto.losses.base import MomentLoss, StyleLoss
from impasto.losses.content import (
    CONTENT_NORMALISATIONS,
    content_loss,
    content_scale,
    relative_error,
)
from impasto.losses.gram import GRAM_NORMALISATIONS, GramLoss
from impasto.losses.regions import Regions, region_sums
from impasto.losses.relative import RelativeMomentLoss
from impasto.losses.sliced import FeatureSample, SlicedWassersteinLoss
from impasto.losses.statistics import Moments, MomentSums, mix, moment_sums, moments, simplex
from impasto.losses.style import STYLE_LOSSES, style_loss
from impasto.losses.terms import ContentTerm, StyleTerm, Term, VariationTerm
from impasto.losses.variation import VARIATION_FORMS, total_variation
from impasto.losses.wasserstein import Gaussian, WassersteinLoss

__all__ = [
    "CONTENT_NORMALISATIONS",
    "GRAM_NORMALISATIONS",
    "STYLE_LOSSES",
    "VARIATION_FORMS",
    "AnchorTerm",
    "ContentTerm",
    "FeatureSample",
    "Gaussian",
    "GramLoss",
    "MomentLoss",
    "MomentSums",
    "Moments",
    "Regions",
    "RelativeMomentLoss",
    "SlicedWassersteinLoss",
    "StyleLoss",
    "StyleTerm",
    "Term",
    "VariationTerm",
    "WassersteinLoss",
    "content_loss",
    "content_scale",
    "mix",
    "moment_sums",
    "moments",
    "region_sums",
    "relative_error",
    "simplex",
    "style_loss",
    "total_variation",
]
