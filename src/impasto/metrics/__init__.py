"""Measures of finished pictures: distances through an independent encoder, artifacts, structure.

Names are imported when first used, so that the registry can be read without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto._lazy import lazy_exports

if TYPE_CHECKING:
    from impasto.metrics.checkerboard import checkerboard_index
    from impasto.metrics.comparison import Comparison, JudgedPicture
    from impasto.metrics.encoded import FeatureExtractor, LayerSummary
    from impasto.metrics.judging_encoder import JudgingEncoder, choose_judging_encoder, find_vgg19
    from impasto.metrics.registry import (
        CONTENT_LAYERS,
        MEASURES,
        STYLE5_LAYERS,
        STYLE_LAYERS,
        UNUSED_LAYERS,
        MeasureEntry,
        select_measures,
    )
    from impasto.metrics.repetition import flat_areas, repetition_within
    from impasto.metrics.scores import Scores, judge, judge_pictures, judge_with_baselines
    from impasto.metrics.similarity import ssim
    from impasto.metrics.sizes import layout_difference, size_consistency
    from impasto.metrics.spectrum import high_frequency_share, noise
    from impasto.metrics.style import style_distance

__all__ = [
    "CONTENT_LAYERS",
    "MEASURES",
    "STYLE5_LAYERS",
    "STYLE_LAYERS",
    "UNUSED_LAYERS",
    "Comparison",
    "FeatureExtractor",
    "JudgedPicture",
    "JudgingEncoder",
    "LayerSummary",
    "MeasureEntry",
    "Scores",
    "checkerboard_index",
    "choose_judging_encoder",
    "find_vgg19",
    "flat_areas",
    "high_frequency_share",
    "judge",
    "judge_pictures",
    "judge_with_baselines",
    "layout_difference",
    "noise",
    "repetition_within",
    "select_measures",
    "size_consistency",
    "ssim",
    "style_distance",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "checkerboard": ("checkerboard_index",),
        "comparison": ("Comparison", "JudgedPicture"),
        "encoded": ("FeatureExtractor", "LayerSummary"),
        "scores": ("Scores", "judge", "judge_pictures", "judge_with_baselines"),
        "judging_encoder": ("JudgingEncoder", "choose_judging_encoder", "find_vgg19"),
        "registry": (
            "CONTENT_LAYERS",
            "MEASURES",
            "STYLE5_LAYERS",
            "STYLE_LAYERS",
            "UNUSED_LAYERS",
            "MeasureEntry",
            "select_measures",
        ),
        "repetition": ("flat_areas", "repetition_within"),
        "sizes": ("layout_difference", "size_consistency"),
        "spectrum": ("high_frequency_share", "noise"),
        "similarity": ("ssim",),
        "style": ("style_distance",),
    },
)
