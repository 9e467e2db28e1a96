"""The transformation network of Johnson et al., with instance normalisation of the styles' own.

Source: Johnson, Alahi & Fei-Fei, Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016,
and its supplement, table 1; instance normalisation: Ulyanov, Vedaldi & Lempitsky, CVPR 2017; gains and shifts of each
style: Dumoulin, Shlens & Kudlur, ICLR 2017, who also replaced the fractional strides.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from impasto.feedforward.modules.norms import Norms
from impasto.feedforward.modules.transform import ModulatedLayer, StyleParams

JOHNSON = "network:johnson"
RESIDUAL = 5
# The authors' code paints 150 tanh(x) around the mean pixel of 0-255, so that full colours are reached.
REACH = 150 / 255
DOWN = ((3, 32, 9, 1), (32, 64, 3, 2), (64, 128, 3, 2))  # channels in, out, kernel, stride
UP = ((128, 64, 3), (64, 32, 3))


def johnson_sites() -> tuple[ModulatedLayer, ...]:
    """Return the sites: one after every convolution but the last."""
    return (
        ModulatedLayer(32, 1), ModulatedLayer(64, 2), ModulatedLayer(128, 4),
        *(ModulatedLayer(128, 4) for _ in range(2 * RESIDUAL)),
        ModulatedLayer(64, 2), ModulatedLayer(32, 1),
    )  # fmt: skip


class JohnsonNet(nn.Module):
    """9x9 convolution, two of stride 2, five residual blocks, two of twice the size, 9x9 convolution.

    Deviation: nearest-neighbour upsampling and a convolution in place of fractional strides, which leave
    checkerboards (Odena et al. 2016; Dumoulin et al. do so too). Deviation: every convolution pads by reflection,
    blocks too, so that pictures keep their size; the paper pads once and crops within blocks. Deviation: the picture
    is ``0.5 + 150/255 tanh(x)``, as in the authors' code but around grey; the paper says "scaled tanh".
    """

    multiple = 4

    def __init__(self) -> None:
        super().__init__()
        self.sites = johnson_sites()
        # Normalisation takes constants away, so only the last convolution has a bias.
        self.down = nn.ModuleList(_conv(a, b, kernel, stride) for a, b, kernel, stride in DOWN)
        self.residual = nn.ModuleList(_conv(128, 128, 3) for _ in range(2 * RESIDUAL))
        self.up = nn.ModuleList(_conv(a, b, kernel) for a, b, kernel in UP)
        self.leave = nn.Conv2d(32, 3, 9)

    def forward(self, image: Tensor, code: StyleParams, norms: Norms | None = None) -> Tensor:
        """Return the painted picture `(B, 3, H, W)`, not yet clamped; H and W are multiples of 4, at least 8."""
        norms = norms or Norms()
        steps = iter(range(len(self.sites)))

        def site(x: Tensor, conv: nn.Module) -> Tensor:
            index = next(steps)
            features = _reflected(x, cast(nn.Conv2d, conv))
            return norms.restyle(features, code.matrices[index], code.shifts[index], index)

        x = (image - 0.5).contiguous(memory_format=torch.channels_last)
        for conv in self.down:
            x = F.relu(site(x, conv))
        for first, second in zip(self.residual[::2], self.residual[1::2], strict=True):
            x = x + site(F.relu(site(x, first)), second)
        for conv in self.up:
            x = F.relu(site(F.interpolate(x, scale_factor=2.0, mode="nearest"), conv))
        out = _reflected(x, self.leave)
        return 0.5 + REACH * torch.tanh(out.float())


def _conv(before: int, after: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(before, after, kernel, stride=stride, bias=False)


def _reflected(x: Tensor, conv: nn.Conv2d) -> Tensor:
    side = conv.kernel_size[0] // 2
    padded: Tensor = conv(F.pad(x, (side, side, side, side), mode="reflect"))
    return padded
