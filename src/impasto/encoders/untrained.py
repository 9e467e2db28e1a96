"""VGG-19 with random weights, as a control that shows what training contributes.

Unlike `tiny` it has VGG-19's layers and channels, so that only the training differs. He, Wang & Hopcroft, "A Powerful
Generative Model Using Random Weights for the Deep Image Representation", NIPS 2016, use such weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from impasto.encoders.vgg import BLOCKS, VGG, Blocks, layout

NAME, PARENT, SEED = "vgg19-random", "vgg19", 19


def build(
    state: Mapping[str, Tensor] | None = None,
    *,
    source: str = "as given",
    pooling: str = "max",
    padding: str = "replicate",
    rescale: bool = True,
) -> VGG:
    """Return VGG-19 with fixed random weights, for pixels normalised as by torchvision.

    `state` replaces the weights, for example by fine-tuned ones; `source` is their origin, for messages.

    Convolutions are drawn from N(0, 2 / (9 C_in)), biases are 0 (He et al. 2015, "Delving Deep into Rectifiers",
    equation 10). Raises RecipeError on an unknown option.
    """
    weights = random_state(BLOCKS[PARENT], SEED, gain=2.0, bias=0.0) if state is None else state
    return VGG(
        NAME, BLOCKS[PARENT], weights, source=source, pooling=pooling, padding=padding, rescale=rescale
    )


def random_state(blocks: Blocks, seed: int, gain: float, bias: float) -> dict[str, Tensor]:
    """Return weights from N(0, gain / (9 C_in)) and biases from N(0, bias²), under torchvision's names."""
    generator = torch.Generator().manual_seed(seed)
    state: dict[str, Tensor] = {}
    for key, shape in layout(blocks).items():
        spread = math.sqrt(gain / (9 * shape[1])) if key.endswith("weight") else bias
        state[key] = torch.randn(shape, generator=generator) * spread
    return state
