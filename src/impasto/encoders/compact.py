"""The compact encoder that ships with impasto, distilled from VGG-19.

A plain convolutional trunk (3x3 convolutions, ReLU, average pooling between blocks) has one linear 1x1 head per
layer. Each head predicts the leading principal components of the teacher's features at that layer, divided by the
root of the layer's total variance, so that every layer's components have a total variance of about 1. Gram matrices
and covariances of the heads are therefore projections of the teacher's. `impasto distill` trains it; the model card
`pretrained/compact.md` describes the shipped weights.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from impasto.encoders.base import Encoder, LayerInfo, freeze
from impasto.encoders.shipped import COMPACT, shipped_weights
from impasto.encoders.state import gather
from impasto.encoders.store import load_state


class TrunkConv(NamedTuple):
    """One 3x3 convolution of the trunk: its channels, and the layer whose head is attached to it, if any."""

    channels: int
    head: str | None = None


# 60,128 multiply-adds per pixel: one sixth of VGG-19's 361,152 to relu5_1.
BLOCKS: tuple[tuple[TrunkConv, ...], ...] = (
    (TrunkConv(32, "relu1_1"), TrunkConv(32)),
    (TrunkConv(64, "relu2_1"), TrunkConv(64)),
    (TrunkConv(128, "relu3_1"), TrunkConv(128)),
    (TrunkConv(256, "relu4_1"), TrunkConv(256, "relu4_2")),
    (TrunkConv(256), TrunkConv(256, "relu5_1")),
)
COMPONENTS: Mapping[str, int] = {
    "relu1_1": 32,
    "relu2_1": 64,
    "relu3_1": 96,
    "relu4_1": 128,
    "relu4_2": 128,
    "relu5_1": 128,
}


def layout() -> dict[str, tuple[int, ...]]:
    """Return the entries of a weights file: name -> shape."""
    entries: dict[str, tuple[int, ...]] = {}
    before, index = 3, 0
    for block in BLOCKS:
        for conv in block:
            entries[f"trunk.{index}.weight"] = (conv.channels, before, 3, 3)
            entries[f"trunk.{index}.bias"] = (conv.channels,)
            before, index = conv.channels, index + 1
            if conv.head:
                entries[f"heads.{conv.head}.weight"] = (COMPONENTS[conv.head], before, 1, 1)
                entries[f"heads.{conv.head}.bias"] = (COMPONENTS[conv.head],)
    return entries


class Compact(Encoder):
    """The distilled encoder; layers relu1_1 to relu5_1 are principal components of VGG-19's features."""

    def __init__(self) -> None:
        layers = {
            conv.head: LayerInfo(COMPONENTS[conv.head], 2**depth)
            for depth, block in enumerate(BLOCKS)
            for conv in block
            if conv.head
        }
        super().__init__(COMPACT, layers)
        self.trunk = nn.ModuleList()
        self.heads = nn.ModuleDict()
        before = 3
        for block in BLOCKS:
            for conv in block:
                self.trunk.append(nn.Conv2d(before, conv.channels, 3, padding=1))
                before = conv.channels
                if conv.head:
                    self.heads[conv.head] = nn.Conv2d(before, COMPONENTS[conv.head], 1)

    def forward(self, image: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """Return the requested layers of `image`; see `Encoder.forward`."""
        self.resolve(layers)
        self.check_image(image, layers)
        features: dict[str, Tensor] = {}
        for conv, x in self._activations(image) if layers else ():
            if conv.head is not None and conv.head in layers:
                features[conv.head] = self.heads[conv.head](x)
                if len(features) == len(layers):
                    break
        return features

    def trunk_features(self, image: Tensor) -> Tensor:
        """Return the trunk's deepest activations `(B, 256, H // 16, W // 16)`, the input of `relu5_1`'s head.

        Raises RecipeError on an unsuitable image; see `Encoder.forward`.
        """
        self.check_image(image, ["relu5_1"])
        *_, (_, x) = self._activations(image)
        return x

    def _activations(self, image: Tensor) -> Iterator[tuple[TrunkConv, Tensor]]:
        """Yield every convolution of the trunk with its activations after the ReLU, computed lazily."""
        # Replicate padding here and zeros elsewhere, as in the teacher: zeros would look like a dark frame.
        x = F.pad(self.normalise(image).to(self.dtype), (1, 1, 1, 1), mode="replicate")
        index = 0
        for depth, block in enumerate(BLOCKS):
            if depth:
                x = F.avg_pool2d(x, 2)
            for conv in block:
                kernel, bias = self.kernel(index)
                x = F.relu(F.conv2d(x, kernel, bias, padding=1 if index else 0), inplace=True)
                index += 1
                yield conv, x

    def kernel(self, index: int) -> tuple[Tensor, Tensor | None]:
        """Return weight and bias of the trunk's convolution `index`."""
        layer = self.trunk[index]
        assert isinstance(layer, nn.Conv2d)
        return layer.weight, layer.bias

    def _walk(self, height: int, width: int, layers: Collection[str]) -> list[tuple[int, int, int]]:
        """Return (positions, multiply-adds, output channels) of every convolution up to the deepest of `layers`."""
        self.resolve(layers)
        remaining = set(layers)
        steps: list[tuple[int, int, int]] = []
        before = 3
        for depth, block in enumerate(BLOCKS):
            positions = (height >> depth) * (width >> depth)
            for conv in block:
                if not remaining:
                    return steps
                steps.append((positions, 9 * before * conv.channels * positions, conv.channels))
                before = conv.channels
                if conv.head in remaining:
                    remaining.discard(conv.head)
                    components = COMPONENTS[conv.head]
                    steps.append((positions, before * components * positions, components))
        return steps

    def macs(self, height: int, width: int, layers: Collection[str]) -> int:
        """Return the multiply-adds of one forward pass; see `Encoder.macs`."""
        return sum(macs for _, macs, _ in self._walk(height, width, layers))

    def activation_floats(self, height: int, width: int, layers: Collection[str]) -> int:
        """Estimate how many numbers autograd stores in one pass; see `Encoder.activation_floats`."""
        return 3 * height * width + sum(n * channels for n, _, channels in self._walk(height, width, layers))


def teacher_projections(weights: Path | None = None) -> dict[str, Tensor]:
    """Return layer -> (K, C) projection of VGG-19's features that the layer's head was trained to predict.

    Raises WeightsError if the file is missing or damaged.
    """
    state = load_state(weights or shipped_weights())
    return {layer: state[f"teacher.{layer}"].float() for layer in COMPONENTS if f"teacher.{layer}" in state}


def build(weights: Path | None = None) -> Compact:
    """Return the compact encoder with the shipped weights, or with a file by `impasto distill` or `finetune`.

    Raises WeightsError if the file is missing, damaged or belongs to another network.
    """
    path = weights or shipped_weights()
    encoder = Compact()
    encoder.load_state_dict(gather(load_state(path), layout(), str(path)))
    return freeze(encoder)
