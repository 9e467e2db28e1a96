"""Measures of pictures: style and content distances through an independent encoder, noise, structure."""

from impasto.metrics.judge import (
    CONTENT_LAYERS,
    SHOWN_LAYERS,
    STYLE_LAYERS,
    FeatureExtractor,
    Scores,
    judge,
    judge_with_baselines,
    style_distance,
)
from impasto.metrics.spectrum import high_frequency_share, noise
from impasto.metrics.ssim import ssim

__all__ = [
    "CONTENT_LAYERS",
    "SHOWN_LAYERS",
    "STYLE_LAYERS",
    "FeatureExtractor",
    "Scores",
    "high_frequency_share",
    "judge",
    "judge_with_baselines",
    "noise",
    "ssim",
    "style_distance",
]
