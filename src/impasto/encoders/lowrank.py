"""VGG-19 up to relu5_1 with low-rank convolutions: fewer multiply-adds, the same layers, channels and scale.

A 3x3 convolution with C_out channels becomes r 3x3 filters and a 1x1 convolution back to C_out channels. It costs
`r (9 C_in + C_out)` multiply-adds a position in place of `9 C_in C_out` (Zhang et al., "Accelerating Very Deep
Convolutional Networks for Classification and Detection", TPAMI 2016, section 3). Layers without such a split are exact
convolutions. The ranks are read from the weights file, which `impasto distill --student low-rank` writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from impasto.encoders.base import freeze
from impasto.encoders.shipped import shipped_weights
from impasto.encoders.state import gather
from impasto.encoders.store import load_state
from impasto.encoders.vgg import BLOCKS as VGG_BLOCKS
from impasto.encoders.vgg import Blocks, VGGTrunk, layer_table

BLOCKS: Blocks = VGG_BLOCKS["vgg19"]
DEEPEST = "relu5_1"


class LowRankConv(nn.Module):
    """`r` 3x3 filters without bias (`filters`), then a 1x1 convolution to `C_out` channels (`mixer`)."""

    def __init__(self, channels_in: int, rank: int, channels_out: int) -> None:
        super().__init__()
        self.filters = nn.Conv2d(channels_in, rank, 3, padding=1, bias=False)
        self.mixer = nn.Conv2d(rank, channels_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the response `(B, C_out, H, W)` to `x` `(B, C_in, H, W)`."""
        response: Tensor = self.mixer(self.filters(x))
        return response


class LowRankVGG(VGGTrunk):
    """VGG-19 up to relu5_1 with max pooling, each convolution exact or of low rank.

    Args:
        name: name of the encoder.
        ranks: rank of every convolution that is split, by name (`conv3_2`); the others are exact.
        blocks: channels of the convolutions, by block.
        deepest: last layer.

    Weights are random until `load_state_dict`. Raises ValueError on a rank for conv1_1, whose three input channels
    leave nothing to save.
    """

    def __init__(
        self, name: str, ranks: Mapping[str, int], *, blocks: Blocks = BLOCKS, deepest: str = DEEPEST
    ) -> None:
        super().__init__(name, blocks, deepest=deepest)
        if "conv1_1" in ranks:
            raise ValueError("conv1_1 is always exact.")
        self.ranks = dict(ranks)
        for layer, (before, after) in conv_channels(blocks, deepest).items():
            self.convolutions[layer] = (
                LowRankConv(before, ranks[layer], after)
                if layer in ranks
                else nn.Conv2d(before, after, 3, padding=0 if layer == "conv1_1" else 1)
            )


def conv_channels(blocks: Blocks, deepest: str) -> dict[str, tuple[int, int]]:
    """Return convolution name -> (input channels, output channels), up to `deepest`."""
    channels: dict[str, tuple[int, int]] = {}
    before = 3
    for layer, info in layer_table(blocks, deepest).items():
        if layer.startswith("conv"):
            channels[layer] = (before, info.channels)
            before = info.channels
    return channels


def ranks_in(state: Mapping[str, Tensor], blocks: Blocks = BLOCKS, deepest: str = DEEPEST) -> dict[str, int]:
    """Return the ranks that the weights `state` have: convolution name -> rank, without the exact ones."""
    names = {layer: f"convolutions.{layer}.filters.weight" for layer in conv_channels(blocks, deepest)}
    return {layer: len(state[name]) for layer, name in names.items() if name in state and state[name].ndim}


def from_state(name: str, state: Mapping[str, Tensor], source: str) -> LowRankVGG:
    """Return a frozen low-rank VGG-19 with the weights `state`; `source` is their origin, for messages.

    Raises WeightsError on weights that are missing, damaged, or of another network.
    """
    ranks = ranks_in(state)
    ranks.pop("conv1_1", None)  # then its exact weight is missing, which `gather` reports
    with torch.device("meta"):
        layout = {key: tuple(value.shape) for key, value in LowRankVGG(name, ranks).state_dict().items()}
    weights = gather(state, layout, source)
    encoder = LowRankVGG(name, ranks)
    encoder.load_state_dict(weights)
    for parameter in encoder.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return freeze(encoder)


def build(name: str, weights: Path | None = None) -> LowRankVGG:
    """Return the low-rank encoder `name` with the shipped weights, or with a file by `impasto distill`.

    Raises WeightsError if the file is missing, damaged or belongs to another network.
    """
    path = weights or shipped_weights(name)
    return from_state(name, load_state(path), str(path))
