"""VGG-16, VGG-19 and similar networks, built from a list of channels.

Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015, tables
1 (configurations D and E). Each 3x3 convolution is followed by a ReLU; a 2x2 pooling of stride 2 ends every block.
Layers: `conv{b}_{i}` (before the ReLU), `relu{b}_{i}` (after it), `pool{b}`. Keras' `block{b}_conv{i}`, which is after
its activation, is an alias of `relu{b}_{i}`. `VGGClassifier` adds the fully connected layers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from impasto.encoders.base import LayerCost, LayerInfo, SequentialEncoder, freeze
from impasto.encoders.state import convolution, gather
from impasto.errors import RecipeError, unknown

Blocks = tuple[tuple[int, ...], ...]

BLOCKS: Mapping[str, Blocks] = MappingProxyType(
    {
        "vgg16": ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3),
        "vgg19": ((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 4, (512,) * 4),
    }
)
PADDINGS = ("replicate", "zeros")
FC_LAYERS = ("fc6", "relu6", "fc7", "relu7", "fc8")
HIDDEN, CLASSES = 4096, 1000  # widths of fc6 and fc7, and of fc8 (table 1)
POSITIONS = 7  # height and width of pool5 for a picture of 224 pixels
# Number of each layer in torchvision's `classifier`.
INDICES: Mapping[str, int] = {"fc6": 0, "fc7": 3, "fc8": 6}
# Factors that keep activations about as large as after max pooling
# (crowsonkb/style-transfer-pytorch). Deviation: Gatys et al. (2016) average without a factor, as `rescale=False` does.
POOLING_SCALES: Mapping[str, float] = MappingProxyType({"max": 1.0, "average": 2.0, "l2": 0.78})


def feature_indices(blocks: Blocks) -> dict[str, int]:
    """Return convolution name -> N in torchvision's `features.N`, which also counts ReLUs and poolings."""
    indices: dict[str, int] = {}
    position = 0
    for b, widths in enumerate(blocks, start=1):
        for i, _ in enumerate(widths, start=1):
            indices[f"conv{b}_{i}"] = position
            position += 2
        position += 1
    return indices


def layout(blocks: Blocks) -> dict[str, tuple[int, ...]]:
    """Return the entries a weights file needs: torchvision's name -> shape."""
    entries: dict[str, tuple[int, ...]] = {}
    widths = [width for block in blocks for width in block]
    for index, before, after in zip(feature_indices(blocks).values(), [3, *widths], widths, strict=False):
        entries[f"features.{index}.weight"] = (after, before, 3, 3)
        entries[f"features.{index}.bias"] = (after,)
    return entries


def classifier_layout(
    channels: int, hidden: int = HIDDEN, classes: int = CLASSES
) -> dict[str, tuple[int, ...]]:
    """Return the entries of the fully connected layers in a weights file: torchvision's name -> shape."""
    entries: dict[str, tuple[int, ...]] = {}
    widths = (channels * POSITIONS**2, hidden, hidden, classes)
    for index, before, after in zip(INDICES.values(), widths, widths[1:], strict=False):
        entries[f"classifier.{index}.weight"] = (after, before)
        entries[f"classifier.{index}.bias"] = (after,)
    return entries


def layer_table(blocks: Blocks) -> dict[str, LayerInfo]:
    """Return layer name -> channels and stride, in the order of computation."""
    table: dict[str, LayerInfo] = {}
    for b, widths in enumerate(blocks, start=1):
        for i, width in enumerate(widths, start=1):
            table[f"conv{b}_{i}"] = table[f"relu{b}_{i}"] = LayerInfo(width, 2 ** (b - 1))
        table[f"pool{b}"] = LayerInfo(widths[-1], 2**b)
    return table


class VGG(SequentialEncoder):
    """A frozen VGG network without its fully connected layers.

    Args:
        name: name of the encoder.
        blocks: channels of the convolutions, by block.
        state: weights under torchvision's names (`features.N.weight`, `features.N.bias`); others are ignored.
        source: origin of the weights, for messages.
        pooling: "max", "average" or "l2" (root of the sum of squares).
        padding: padding of the first convolution, "replicate" (no dark frame; Deviation: the paper pads with zeros)
            or "zeros". All other convolutions pad with zeros.
        rescale: whether average and l2 pooling are multiplied by 2.0 and 0.78, which preserves the size of the
            activations.
        preprocessing: "torch" for torchvision's weights, "caffe" for the Oxford originals (BGR, 0-255, mean
            subtracted).

    Raises RecipeError on an unknown option and WeightsError on weights that do not fit.
    """

    def __init__(
        self,
        name: str,
        blocks: Blocks,
        state: Mapping[str, Tensor],
        *,
        source: str = "as given",
        pooling: str = "max",
        padding: str = "replicate",
        rescale: bool = True,
        preprocessing: str = "torch",
    ) -> None:
        if pooling not in POOLING_SCALES:
            raise RecipeError(unknown("pooling", pooling, POOLING_SCALES))
        if padding not in PADDINGS:
            raise RecipeError(unknown("padding", padding, PADDINGS))
        table = layer_table(blocks)
        aliases = {f"block{x[4]}_conv{x[6:]}": x for x in table if x.startswith("relu")}
        super().__init__(name, table, aliases=aliases, preprocessing=preprocessing)
        self.pooling = pooling
        self.padding = padding
        self.scale = POOLING_SCALES[pooling] if rescale else 1.0
        self.convolutions = nn.ModuleDict()
        weights = gather(state, layout(blocks), source)
        for layer, index in feature_indices(blocks).items():
            weight, bias = weights[f"features.{index}.weight"], weights[f"features.{index}.bias"]
            # Oxford's first convolution expects blue, green, red; reversing its weights once costs nothing later.
            if preprocessing == "caffe" and layer == "conv1_1":
                weight = weight.flip(1)
            self.convolutions[layer] = convolution(weight, bias)
        freeze(self)

    def resolve(self, layers: Collection[str]) -> dict[str, str]:
        """Return requested name -> layer name; see `Encoder.resolve`."""
        for layer in layers:
            if layer in FC_LAYERS:
                raise RecipeError(
                    f"Layer '{layer}' is fully connected, so that it has no positions and cannot be painted with; use "
                    f"layers of the convolutions of '{self.name}', at most {list(self.layers)[-1]}."
                )
        return super().resolve(layers)

    def prepare_input(self, image: Tensor) -> Tensor:
        """Return the input of conv1_1, already padded by one pixel: `(B, 3, H + 2, W + 2)`."""
        mode = "replicate" if self.padding == "replicate" else "constant"
        return F.pad(self.normalise(image), (1, 1, 1, 1), mode=mode).to(
            self.dtype, memory_format=torch.channels_last
        )

    def apply_layer(self, layer: str, x: Tensor, overwrite: bool) -> Tensor:
        """Return `layer` computed from `x`, the previous layer."""
        if layer.startswith("conv"):
            conv = self._conv(layer)
            return F.conv2d(x, conv.weight, conv.bias, padding=0 if layer == "conv1_1" else 1)
        if layer.startswith("relu"):
            return F.relu_(x) if overwrite else F.relu(x)
        return self.pool(x)

    def pool(self, x: Tensor) -> Tensor:
        """Return `x` pooled over 2x2 windows, `(B, C, H // 2, W // 2)`, times the pooling's factor."""
        if self.pooling == "max":
            return F.max_pool2d(x, 2)
        pooled = F.avg_pool2d(x, 2) if self.pooling == "average" else F.lp_pool2d(x, 2.0, 2)
        return pooled * self.scale if self.scale != 1.0 else pooled

    def layer_cost(self, layer: str, height: int, width: int) -> LayerCost:
        """Return the cost of `layer`; autograd stores ReLU outputs, pooled maps and the indices of max pooling."""
        channels = self.layers[layer].channels
        if layer.startswith("conv"):
            macs = self._conv(layer).weight[0].numel() * channels * height * width
            return LayerCost(height, width, macs, 0)
        if layer.startswith("relu"):
            return LayerCost(height, width, 0, channels * height * width)
        height, width = height // 2, width // 2
        # An index has 8 bytes, twice a float32: one copy for the map and two for its indices.
        copies = 3 if self.pooling == "max" else 1
        return LayerCost(height, width, 0, copies * channels * height * width)

    def _conv(self, layer: str) -> nn.Conv2d:
        return cast(nn.Conv2d, self.convolutions[layer])
