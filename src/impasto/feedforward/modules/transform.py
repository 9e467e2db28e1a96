"""The network that paints in one pass: photograph and code in, picture out.

A small convolutional trunk at half, quarter and eighth resolution. Before every block of the decoder lies a
*site*: features are normalised channel by channel and then mixed by a matrix and shifted, as in adaptive
instance normalisation (Huang & Belongie, ICCV 2017) but with a full matrix in place of its diagonal, as in
linear style transfer (Li et al., CVPR 2019). The matrices and shifts of all sites are the *code*; who makes it
(the statistics of any painting, a table of trained styles) is nothing this file knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from impasto.feedforward.modules.norms import Norms
from impasto.feedforward.modules.norms import mix_channels as mix_channels
from impasto.feedforward.modules.output_filter import PIXELS, finish

WIDTHS = (32, 64, 96)
BLOCKS = (1, 3, 4)
STRIDE = 8


class ModulatedLayer(NamedTuple):
    """One site: its channels and how many pixels apart its positions lie."""

    channels: int
    stride: int


def sites(widths: Sequence[int] = WIDTHS, blocks: Sequence[int] = BLOCKS) -> tuple[ModulatedLayer, ...]:
    """Return the sites in order: one a block, from an eighth of the resolution to the half, and the last one."""
    found = [
        ModulatedLayer(width, stride)
        for width, stride, count in zip(widths[::-1], (8, 4, 2), blocks[::-1], strict=True)
        for _ in range(count)
    ]
    return (*found, ModulatedLayer(widths[0] + PIXELS, 2))


class StyleParams(NamedTuple):
    """What makes the style: for each site a matrix `(B, C, C)` and a shift `(B, C)`.

    At a site features x of zero mean and unit variance a channel become ``matrix x + shift``. A matrix given as
    `(B, C)` is diagonal, as in conditional instance normalisation (Dumoulin et al., ICLR 2017).
    """

    matrices: tuple[Tensor, ...]
    shifts: tuple[Tensor, ...]


class ReplicateConv2d(nn.Conv2d):
    """A 3x3 convolution of features whose edges are repeated outwards.

    Zeros would put blobs on flat pictures: they are all that differs there, and normalisation makes it large.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution of `x` `(B, C, h, w)`; stride 1 keeps the size."""
        return super().forward(replicate_pad(x))


def replicate_pad(x: Tensor) -> Tensor:
    """Return `x` `(B, C, h, w)` with its edges repeated once on every side."""
    if torch.is_grad_enabled() or torch.compiler.is_exporting():
        with torch.autocast(x.device.type, enabled=False):  # which would pad in float32
            return F.pad(x, (1, 1, 1, 1), mode="replicate")
    # The same in half the time for channels-last features, which torch copies twice.
    rows = x.permute(0, 2, 3, 1)
    batch, height, width, channels = rows.shape
    out = rows.new_empty(batch, height + 2, width + 2, channels)
    out[:, 1:-1, 1:-1] = rows
    out[:, 0, 1:-1], out[:, -1, 1:-1] = rows[:, 0], rows[:, -1]
    out[:, :, 0], out[:, :, -1] = out[:, :, 1], out[:, :, -2]
    return out.permute(0, 3, 1, 2)


class ResidualBlock(nn.Module):
    """A residual block after its site: ``x + gain * conv(relu(conv(site(x))))``, a gain for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ReplicateConv2d(channels, channels, 3)
        self.second = ReplicateConv2d(channels, channels, 3)
        self.gain = nn.Parameter(torch.full((channels, 1, 1), 0.5))

    def forward(self, x: Tensor, matrix: Tensor, shift: Tensor, norms: Norms, site: int) -> Tensor:
        """Return the block's output for `x` `(B, C, h, w)`, painted with one code a picture."""
        found = self.second(self.first(norms.restyle(x, matrix, shift, site)).relu_())
        return torch.addcmul(x, self.gain.to(x.dtype), found)


class TransformNet(nn.Module):
    """Trunk and decoder; see the module."""

    multiple = STRIDE

    def __init__(self, widths: Sequence[int] = WIDTHS, blocks: Sequence[int] = BLOCKS) -> None:
        super().__init__()
        half, quarter, eighth = widths
        self.sites = sites(widths, blocks)
        self.enter = ReplicateConv2d(PIXELS, half, 3)
        self.at_half = ReplicateConv2d(half, half, 3)
        self.to_quarter = ReplicateConv2d(half, quarter, 3, stride=2)
        self.at_quarter = ReplicateConv2d(quarter, quarter, 3)
        self.to_eighth = ReplicateConv2d(quarter, eighth, 3, stride=2)
        self.blocks = nn.ModuleList(ResidualBlock(site.channels) for site in self.sites[:-1])
        self.rise = nn.ModuleDict({"4": nn.Conv2d(eighth, quarter, 1), "2": nn.Conv2d(quarter, half, 1)})
        self.leave = ReplicateConv2d(half + PIXELS, PIXELS, 3)

    def forward(self, image: Tensor, code: StyleParams, norms: Norms | None = None) -> Tensor:
        """Return the painted picture `(B, 3, H, W)`, not yet clamped; H and W are multiples of 8.

        `image` is `(B, 3, H, W)` in [0, 1]; `code` is of one or of B pictures.
        """
        norms = norms or Norms()
        pixels = F.pixel_unshuffle(image - 0.5, 2).contiguous(memory_format=torch.channels_last)
        half = self.enter(pixels).relu_()
        half = self.at_half(half).relu_()
        quarter = self.to_quarter(half).relu_()
        quarter = self.at_quarter(quarter).relu_()
        x = self.to_eighth(quarter).relu_()
        skips = {4: quarter, 2: half}
        stride = STRIDE
        for index, (site, block) in enumerate(zip(self.sites, self.blocks, strict=False)):
            if site.stride != stride:
                stride = site.stride
                x = F.interpolate(self.rise[str(stride)](x), scale_factor=2.0, mode="bilinear")
                x = x + skips[stride]
            x = block(x, code.matrices[index], code.shifts[index], norms, index)
        x = torch.cat([x, pixels.to(x.dtype)], 1)
        last = len(self.blocks)
        x = norms.restyle(x, code.matrices[-1], code.shifts[-1], last)
        out = self.leave(x)
        return F.pixel_shuffle(finish(out, self.training), 2) + 0.5

    def macs(self, height: int, width: int) -> int:
        """Return the multiply-adds of one picture of `height` x `width`, codes folded in."""
        return sum(
            kernel.weight.numel() * (height // stride) * (width // stride)
            for kernel, stride in self._strides()
            if isinstance(kernel, nn.Conv2d)
        )

    def _strides(self) -> list[tuple[nn.Module, int]]:
        trunk: list[tuple[nn.Module, int]] = [
            (self.enter, 2), (self.at_half, 2), (self.to_quarter, 4), (self.at_quarter, 4), (self.to_eighth, 8),
            (self.rise["4"], 8), (self.rise["2"], 4), (self.leave, 2),
        ]  # fmt: skip
        for site, block in zip(self.sites, self.blocks, strict=False):
            trunk += [(kernel, site.stride) for kernel in block.children()]
        return trunk


def initialise(body: TransformNet) -> None:
    """Start from He's initialisation; blocks begin near the identity, the picture near the photograph."""
    for module in body.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    with torch.no_grad():
        body.leave.weight.mul_(0.05)
        for channel in range(PIXELS):
            body.leave.weight[channel, -PIXELS + channel, 1, 1] += 0.2
