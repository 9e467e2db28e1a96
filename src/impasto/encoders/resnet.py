"""ResNet-50 with batch normalisation folded into the convolutions.

He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, table 1, in torchvision's
variant (stride 2 in the 3x3 convolution of a bottleneck). Layers: `stem` (after the first ReLU, before the
max pooling), `stage{s}_{k}` (block k of stage s, after its final ReLU), `stage{s}` (alias of the stage's last
block).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from impasto.encoders.base import LayerCost, LayerInfo, SequentialEncoder, freeze
from impasto.encoders.state import convolution, gather

DEPTHS = (3, 4, 6, 3)
EXPANSION = 4
EPSILON = 1e-5  # torch.nn.BatchNorm2d's default, with which torchvision trained.


class ConvSpec(NamedTuple):
    """One convolution: torchvision's names of it and of its batch normalisation, channels, kernel, stride."""

    key: str
    norm: str
    before: int
    after: int
    kernel: int
    stride: int


def block_specs(stage: int, block: int) -> list[ConvSpec]:
    """Return the convolutions of bottleneck `block` (from 1) of `stage` (1 to 4); a shortcut comes last."""
    mid = 64 * 2 ** (stage - 1)
    out = EXPANSION * mid
    before = out if block > 1 else (64 if stage == 1 else out // 2)
    stride = 2 if block == 1 and stage > 1 else 1
    prefix = f"layer{stage}.{block - 1}"
    specs = [
        ConvSpec(f"{prefix}.conv1", f"{prefix}.bn1", before, mid, 1, 1),
        ConvSpec(f"{prefix}.conv2", f"{prefix}.bn2", mid, mid, 3, stride),
        ConvSpec(f"{prefix}.conv3", f"{prefix}.bn3", mid, out, 1, 1),
    ]
    if block == 1:
        specs.append(ConvSpec(f"{prefix}.downsample.0", f"{prefix}.downsample.1", before, out, 1, stride))
    return specs


def plan() -> Iterator[tuple[str, LayerInfo, list[ConvSpec]]]:
    """Yield every layer in order of computation, with its `LayerInfo` and its convolutions."""
    yield "stem", LayerInfo(64, 2), [ConvSpec("conv1", "bn1", 3, 64, 7, 2)]
    for stage, depth in enumerate(DEPTHS, start=1):
        info = LayerInfo(EXPANSION * 64 * 2 ** (stage - 1), 2 ** (stage + 1))
        for block in range(1, depth + 1):
            yield f"stage{stage}_{block}", info, block_specs(stage, block)


def layout() -> dict[str, tuple[int, ...]]:
    """Return the entries a weights file needs: torchvision's name -> shape."""
    entries: dict[str, tuple[int, ...]] = {}
    for _, _, specs in plan():
        for spec in specs:
            entries[f"{spec.key}.weight"] = (spec.after, spec.before, spec.kernel, spec.kernel)
            for part in ("weight", "bias", "running_mean", "running_var"):
                entries[f"{spec.norm}.{part}"] = (spec.after,)
    return entries


def fold(
    weight: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, variance: Tensor
) -> tuple[Tensor, Tensor]:
    """Return weight and bias of one convolution that equals a convolution followed by batch normalisation.

    gamma (W x - mean) / sqrt(variance + eps) + beta = (s W) x + (beta - s mean), s = gamma / sqrt(variance +
    eps). `weight` is `(C_out, C_in, k, k)`, the others `(C_out,)`.
    """
    factor = gamma / torch.sqrt(variance + EPSILON)
    return weight * factor.view(-1, 1, 1, 1), beta - mean * factor


class ResNet50(SequentialEncoder):
    """ResNet-50 without its classifier, frozen, always in evaluation mode.

    `state` has torchvision's names (`conv1.weight`, `bn1.running_mean`, `layer1.0.conv1.weight`, ...);
    other entries (`fc.*`) are ignored. Raises WeightsError on weights that do not fit.
    """

    def __init__(self, name: str, state: Mapping[str, Tensor], *, source: str = "as given") -> None:
        layers = {layer: info for layer, info, _ in plan()}
        aliases = {f"stage{s}": f"stage{s}_{depth}" for s, depth in enumerate(DEPTHS, start=1)}
        super().__init__(name, layers, aliases=aliases)
        weights = gather(state, layout(), source)
        self.parts = nn.ModuleDict()
        for layer, _, specs in plan():
            self.parts[layer] = nn.ModuleList(_folded(spec, weights) for spec in specs)
        freeze(self)

    def prepare_input(self, image: Tensor) -> Tensor:
        """Return the input of the first convolution, `(B, 3, H, W)` in `dtype`."""
        return self.normalise(image).to(self.dtype, memory_format=torch.channels_last)

    # A block overwrites only its own maps, so that `overwrite` makes no difference.
    def apply_layer(self, layer: str, x: Tensor, overwrite: bool) -> Tensor:  # noqa: ARG002
        """Return `layer` computed from `x`, the previous layer."""
        convs = self._convs(layer)
        if layer == "stem":
            return F.relu_(convs[0](x))
        if layer == "stage1_1":
            x = F.max_pool2d(x, 3, stride=2, padding=1)
        y = F.relu_(convs[0](x))
        y = F.relu_(convs[1](y))
        y = convs[2](y)
        # y belongs to this block alone, so adding in place saves one map of memory traffic.
        return F.relu_(y.add_(convs[3](x) if len(convs) == 4 else x))

    def layer_cost(self, layer: str, height: int, width: int) -> LayerCost:
        """Return the cost of `layer`; autograd stores each convolution's input and the indices of max pooling."""
        floats = macs = 0
        if layer == "stage1_1":
            height, width = _half(height), _half(width)
            floats += 3 * 64 * height * width
        for k, conv in enumerate(self._convs(layer)):
            after, before, kernel, _ = conv.weight.shape
            # The fourth convolution is the shortcut: its input is the block's, its output has the size of the third's.
            if conv.stride[0] == 2 and k < 3:
                height, width = _half(height), _half(width)
            macs += kernel * kernel * before * after * height * width
            floats += after * height * width if k < 3 else 0
        return LayerCost(height, width, macs, floats)

    def _convs(self, layer: str) -> list[nn.Conv2d]:
        return [conv for conv in self.parts[layer].children() if isinstance(conv, nn.Conv2d)]


def _half(size: int) -> int:
    # Every operation of stride 2 is padded so that it keeps positions 0, 2, 4, ...
    return (size + 1) // 2


def _folded(spec: ConvSpec, weights: Mapping[str, Tensor]) -> nn.Conv2d:
    parts = [weights[f"{spec.norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
    weight, bias = fold(weights[f"{spec.key}.weight"], *parts)
    return convolution(weight, bias, stride=spec.stride, padding=spec.kernel // 2)
