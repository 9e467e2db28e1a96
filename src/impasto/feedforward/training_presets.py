"""Presets of ``impasto train``: the settings they change, their sources and the deviations from them.

Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class TrainingPreset:
    """A named training: the settings that it changes, its source, and each deviation from the source."""

    name: str
    summary: str
    source: str = "impasto's own"
    fields: Mapping[str, Any] = field(default_factory=dict)
    deviations: tuple[str, ...] = ()


_DEFAULT = TrainingPreset(
    "default", "A small network with strength, stroke and mixtures, from the network for any style."
)
_JOHNSON = TrainingPreset(
    "johnson",
    "The published fast transfer: one network for each style, perceptual losses through VGG-16.",
    "Johnson, Alahi & Fei-Fei, Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016, "
    "sections 3 and 4.1, and their code, fast-neural-style",
    {
        "encoder": "vgg16",
        "start": "random",
        "steps": 40_000,
        "learning_rate": 1e-3,
        "stability_weight": 0.0,
        "reuse": 1,
    },
    # Each is marked at its line: perceptual_loss.py, modules/johnson.py, tasks/johnson.py.
    (
        "Features are divided by their root mean square over the style images, and total variation is a mean over "
        "pixels of 0 to 1. The published weights are for Caffe's features of pixels of 0 to 255: 1 for content, 5 for "
        "style, 1e-6 for total variation. They are 1, 20 and .1 here.",
        "The style loss is the mean over the entries of a Gram matrix, as in the authors' code; the paper sums them.",
        "The encoder vgg16 has torchvision's weights; the authors use Caffe's.",
        "Upsampling is nearest-neighbour and a convolution, where the authors use fractional strides.",
        "Every convolution pads by reflection; the authors pad the picture once by 40 pixels and crop in the residual "
        "blocks.",
        "Normalisation is of instances, with a gain and a shift for each style, as in the authors' code; the paper "
        "normalises batches.",
        "The output is grey plus 150/255 tanh; the authors' is the mean pixel plus 150 tanh.",
        "Photographs are random crops, half of them mirrored, of your folder; the paper resizes the 80,000 of COCO to "
        "256 x 256, so that 40,000 steps of 4 are two epochs.",
        "With several styles, each picture of a batch has one of them at random; the paper trains a network for each.",
        "Features are computed in bfloat16 where the hardware has it; --precision float32 is the paper's.",
        "A painted picture is not filtered; the authors' code applies a 3 x 3 median filter to it.",
    ),
)

PRESETS: Mapping[str, TrainingPreset] = MappingProxyType(
    {preset.name: preset for preset in (_DEFAULT, _JOHNSON)}
)
PUBLISHED: Mapping[str, TrainingPreset] = MappingProxyType(
    {name: preset for name, preset in PRESETS.items() if preset.deviations}
)
"""The presets with settings from a paper."""
