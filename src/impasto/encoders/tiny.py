"""A tiny VGG with fixed random weights, for tests and as an untrained control.

Random features already carry some texture (Ustyuzhaninov et al., "Texture synthesis using shallow
convolutional networks with random filters", 2016), so that results through this network show how much training
contributes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from impasto.encoders import untrained
from impasto.encoders.vgg import VGG, classifier_layout

NAME = "tiny"
BLOCKS = ((8,), (12,), (16,), (16, 16), (16,))
HIDDEN, CLASSES = 32, 10  # widths of fc6 and fc7, and of fc8
SEED = 20


def build(
    state: Mapping[str, Tensor] | None = None,
    *,
    source: str = "as given",
    pooling: str = "max",
    padding: str = "replicate",
    rescale: bool = True,
) -> VGG:
    """Return the tiny encoder, always with the same weights: layers relu1_1 (8 channels) to relu5_1 (16).

    `state` replaces the weights, for example by fine-tuned ones; `source` is their origin, for messages.

    Convolutions are drawn from N(0, 1.2 / (9 C_in)). The gain is less than the 2 of He et al. (2015, equation 10),
    because pooling raises the second moment; activations stay of order one with every kind of pooling. Biases are
    drawn from N(0, 0.1²). Raises RecipeError on an unknown option.
    """
    weights = random_state() if state is None else state
    return VGG(NAME, BLOCKS, weights, source=source, pooling=pooling, padding=padding, rescale=rescale)


def random_state() -> dict[str, Tensor]:
    """Return the tiny encoder's default weights under torchvision's names."""
    return untrained.random_state(BLOCKS, SEED, gain=1.2, bias=0.1)


def random_classifier() -> dict[str, Tensor]:
    """Return fully connected layers for the tiny encoder, from N(0, 2 / inputs), biases 0, under torchvision's names.

    He et al. 2015, equation 10.
    """
    generator = torch.Generator().manual_seed(SEED)
    state: dict[str, Tensor] = {}
    for key, shape in classifier_layout(BLOCKS[-1][-1], HIDDEN, CLASSES).items():
        spread = math.sqrt(2 / shape[-1]) if key.endswith("weight") else 0.0
        state[key] = torch.randn(shape, generator=generator) * spread
    return state
