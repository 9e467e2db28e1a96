"""The transformation network of Johnson et al. with conditional instance normalisation.

Source: Johnson, Alahi & Fei-Fei, Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016,
and its supplement, table 1. Instance normalisation: Ulyanov, Vedaldi & Lempitsky, CVPR 2017. A gain and a shift per
style: Dumoulin, Shlens & Kudlur, ICLR 2017, who also replaced the fractional strides.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from impasto.feedforward.modules.modulation import Modulation
from impasto.feedforward.modules.transform import ModulatedLayer, StyleParams

RESIDUAL_BLOCKS = 5
# The authors' code outputs 150 tanh(x) around the mean pixel on the 0-255 scale, so that saturated colours are
# reached.
OUTPUT_SCALE = 150 / 255
# Input channels, output channels, kernel size, stride.
DOWNSAMPLE = ((3, 32, 9, 1), (32, 64, 3, 2), (64, 128, 3, 2))
# Input channels, output channels, kernel size.
UPSAMPLE = ((128, 64, 3), (64, 32, 3))


def johnson_layers() -> tuple[ModulatedLayer, ...]:
    """Return the modulated layers: one after every convolution except the last."""
    return (
        ModulatedLayer(32, 1),
        ModulatedLayer(64, 2),
        ModulatedLayer(128, 4),
        *(ModulatedLayer(128, 4) for _ in range(2 * RESIDUAL_BLOCKS)),
        ModulatedLayer(64, 2),
        ModulatedLayer(32, 1),
    )


class JohnsonNet(nn.Module):
    """Johnson et al.'s network: 9x9 convolution, two of stride 2, five residual blocks, two upsamplings, 9x9 head.

    Deviation: nearest-neighbour upsampling and a convolution in place of fractional strides, which leave
    checkerboard artifacts (Odena et al. 2016; Dumoulin et al. replace them too). Deviation: every convolution pads
    by reflection, also in residual blocks, so that images keep their size; the paper pads once and crops within
    blocks. Deviation: the output is ``0.5 + 150/255 tanh(x)``, as in the authors' code but around grey; the paper
    says "scaled tanh". Deviation: instances are normalised, as in the authors' code, with a gain and a shift for each
    style; the paper normalises batches. Deviation: the output is not filtered; the authors' code applies a 3x3 median
    filter when it paints.
    """

    multiple = 4

    def __init__(self) -> None:
        super().__init__()
        self.modulated_layers = johnson_layers()
        # Normalisation removes constants, so only the head has a bias.
        self.downsample = nn.ModuleList(
            _conv(channels, width, kernel, stride) for channels, width, kernel, stride in DOWNSAMPLE
        )
        self.residual = nn.ModuleList(_conv(128, 128, 3) for _ in range(2 * RESIDUAL_BLOCKS))
        self.upsample = nn.ModuleList(_conv(channels, width, kernel) for channels, width, kernel in UPSAMPLE)
        self.head = nn.Conv2d(32, 3, 9)

    def forward(
        self, image: Tensor, style_params: StyleParams, modulation: Modulation | None = None
    ) -> Tensor:
        """Return the stylised image `(B, 3, H, W)`, not clamped; H and W are multiples of 4, at least 8."""
        modulation = modulation or Modulation()
        indices = iter(range(len(self.modulated_layers)))

        def modulated_conv(x: Tensor, conv: nn.Module) -> Tensor:
            index = next(indices)
            features = _reflect_conv(x, cast(nn.Conv2d, conv))
            return modulation.modulate(
                features, style_params.matrices[index], style_params.shifts[index], index
            )

        x = (image - 0.5).contiguous(memory_format=torch.channels_last)
        for conv in self.downsample:
            x = F.relu(modulated_conv(x, conv))
        for conv1, conv2 in zip(self.residual[::2], self.residual[1::2], strict=True):
            x = x + modulated_conv(F.relu(modulated_conv(x, conv1)), conv2)
        for conv in self.upsample:
            x = F.relu(modulated_conv(F.interpolate(x, scale_factor=2.0, mode="nearest"), conv))
        out = _reflect_conv(x, self.head)
        return 0.5 + OUTPUT_SCALE * torch.tanh(out.float())


def _conv(in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, kernel, stride=stride, bias=False)


def _reflect_conv(x: Tensor, conv: nn.Conv2d) -> Tensor:
    padding = conv.kernel_size[0] // 2
    features: Tensor = conv(F.pad(x, (padding, padding, padding, padding), mode="reflect"))
    return features
