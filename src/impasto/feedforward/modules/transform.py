"""The one-pass image transformation network: content image and style parameters in, stylised image out.

A small convolutional network at half, quarter and eighth resolution, and optionally a last block at full resolution
(`DetailBlock`). The input of every block is a *modulated layer*: features are normalised per channel, then multiplied
by a matrix and shifted. This is adaptive instance normalisation (Huang & Belongie, ICCV 2017) with a full matrix in
place of the diagonal one, as in linear style transfer (Li et al., CVPR 2019). The matrices and shifts of all modulated
layers are the *style parameters*. They come from a `StylePredictor` (any style image) or a `StyleEmbedding` (trained
styles).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from impasto.feedforward.modules.modulation import Modulation
from impasto.feedforward.modules.output_filter import PACKED_CHANNELS, filter_output

WIDTHS = (32, 64, 96)
BLOCKS = (1, 3, 4)
STRIDE = 8


class ModulatedLayer(NamedTuple):
    """Shape of a modulated layer: its channels, and its stride in pixels."""

    channels: int
    stride: int


def modulated_layers(
    widths: Sequence[int] = WIDTHS, blocks: Sequence[int] = BLOCKS, detail: int = 0
) -> tuple[ModulatedLayer, ...]:
    """Return the modulated layers in order: one per block from eighth to half resolution, one before the head.

    With `detail` channels at full resolution, the block there has the last one.
    """
    layers = [
        ModulatedLayer(width, stride)
        for width, stride, count in zip(widths[::-1], (8, 4, 2), blocks[::-1], strict=True)
        for _ in range(count)
    ]
    last = (ModulatedLayer(detail, 1),) if detail else ()
    return (*layers, ModulatedLayer(widths[0] + PACKED_CHANNELS, 2), *last)


class StyleParams(NamedTuple):
    """A style as the network's parameters: a matrix `(B, C, C)` and a shift `(B, C)` for each modulated layer.

    Features x of zero mean and unit variance per channel become ``matrix x + shift``. A matrix given as `(B, C)` is
    diagonal, as in conditional instance normalisation (Dumoulin et al., ICLR 2017).
    """

    matrices: tuple[Tensor, ...]
    shifts: tuple[Tensor, ...]


class ReplicateConv2d(nn.Conv2d):
    """A 3x3 convolution with replicate padding.

    Zero padding would draw blobs on flat images: the border is all that differs there, and normalisation amplifies
    it.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution of `x` `(B, C, h, w)`; stride 1 keeps the size."""
        return super().forward(replicate_pad(x))


def replicate_pad(x: Tensor) -> Tensor:
    """Return `x` `(B, C, h, w)` with its edges repeated once on every side."""
    if torch.is_grad_enabled() or torch.compiler.is_exporting():
        with torch.autocast(x.device.type, enabled=False):  # autocast would pad in float32
            return F.pad(x, (1, 1, 1, 1), mode="replicate")
    # Twice as fast as F.pad for channels-last features, which PyTorch copies twice.
    rows = x.permute(0, 2, 3, 1)
    batch, height, width, channels = rows.shape
    out = rows.new_empty(batch, height + 2, width + 2, channels)
    out[:, 1:-1, 1:-1] = rows
    out[:, 0, 1:-1], out[:, -1, 1:-1] = rows[:, 0], rows[:, -1]
    out[:, :, 0], out[:, :, -1] = out[:, :, 1], out[:, :, -2]
    return out.permute(0, 3, 1, 2)


class ResidualBlock(nn.Module):
    """A residual block with a modulated input: ``x + gain * conv2(relu(conv1(modulate(x))))``, a gain per channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = ReplicateConv2d(channels, channels, 3)
        self.conv2 = ReplicateConv2d(channels, channels, 3)
        self.gain = nn.Parameter(torch.full((channels, 1, 1), 0.5))

    def forward(self, x: Tensor, matrix: Tensor, shift: Tensor, modulation: Modulation, index: int) -> Tensor:
        """Return the block's output for `x` `(B, C, h, w)`; `index` numbers its modulated layer."""
        branch = self.conv2(self.conv1(modulation.modulate(x, matrix, shift, index)).relu_())
        return torch.addcmul(x, self.gain.to(x.dtype), branch)


class DetailBlock(nn.Module):
    """A modulated block at full resolution that corrects the painted pixels, which come from half resolution.

    It sees the painted pixels, the content image, and the features at half resolution, so it can remove the
    checkerboards of the four pixels of a position and draw finer lines. There is no skip connection inside: features
    that are not normalised would reach the picture.
    """

    def __init__(self, channels: int, features: int) -> None:
        super().__init__()
        self.pixels = ReplicateConv2d(6, channels, 3)
        self.features = nn.Conv2d(features, channels, 1)
        self.conv1 = ReplicateConv2d(channels, channels, 3)
        self.conv2 = ReplicateConv2d(channels, channels, 3)
        self.out = ReplicateConv2d(channels, 3, 3)

    def merge(self, painted: Tensor, content: Tensor, features: Tensor) -> Tensor:
        """Return the features `(B, C, H, W)` of pixels, given minus .5, and of `features` at half resolution."""
        pixels = torch.cat([painted, content], 1).to(features.dtype)
        below = F.interpolate(self.features(features), scale_factor=2.0, mode="bilinear")
        merged: Tensor = self.pixels(pixels.contiguous(memory_format=torch.channels_last)) + below
        return merged

    def forward(self, x: Tensor) -> Tensor:
        """Return the correction `(B, 3, H, W)` for modulated features `x` `(B, C, H, W)`."""
        correction: Tensor = self.out(self.conv2(self.conv1(x).relu_()).relu_())
        return correction


class TransformNet(nn.Module):
    """Encoder at three resolutions, modulated residual blocks, decoder with skip connections; see the module.

    `blocks` are the residual blocks at half, quarter and eighth resolution, later called `counts`. `detail` is the
    number of channels at full resolution; 0 leaves the last block out.
    """

    multiple = STRIDE

    def __init__(
        self, widths: Sequence[int] = WIDTHS, blocks: Sequence[int] = BLOCKS, detail: int = 0
    ) -> None:
        super().__init__()
        half, quarter, eighth = widths
        self.counts = (blocks[0], blocks[1], blocks[2])
        self.modulated_layers = modulated_layers(widths, blocks, detail)
        self.stem = ReplicateConv2d(PACKED_CHANNELS, half, 3)
        self.conv_half = ReplicateConv2d(half, half, 3)
        self.down_quarter = ReplicateConv2d(half, quarter, 3, stride=2)
        self.conv_quarter = ReplicateConv2d(quarter, quarter, 3)
        self.down_eighth = ReplicateConv2d(quarter, eighth, 3, stride=2)
        self.blocks = nn.ModuleList(
            ResidualBlock(layer.channels) for layer in self.modulated_layers[: sum(blocks)]
        )
        # By the stride after the step.
        self.upsample = nn.ModuleDict(
            {
                "4": nn.Conv2d(eighth, quarter, 1),
                "2": nn.Conv2d(quarter, half, 1),
            }
        )
        self.head = ReplicateConv2d(half + PACKED_CHANNELS, PACKED_CHANNELS, 3)
        self.detail = DetailBlock(detail, half) if detail else None

    def forward(
        self, image: Tensor, style_params: StyleParams, modulation: Modulation | None = None
    ) -> Tensor:
        """Return the stylised image `(B, 3, H, W)`, not clamped; H and W are multiples of 8.

        `image` is `(B, 3, H, W)` in [0, 1]; `style_params` have a batch of 1 or B.
        """
        modulation = modulation or Modulation()
        matrices, shifts = style_params
        content = image - 0.5
        pixels = F.pixel_unshuffle(content, 2).contiguous(memory_format=torch.channels_last)
        half = self.stem(pixels).relu_()
        half = self.conv_half(half).relu_()
        quarter = self.down_quarter(half).relu_()
        quarter = self.conv_quarter(quarter).relu_()
        x = self.down_eighth(quarter).relu_()
        skips = {4: quarter, 2: half}
        stride = STRIDE
        for index, (layer, block) in enumerate(zip(self.modulated_layers, self.blocks, strict=False)):
            if layer.stride != stride:
                stride = layer.stride
                x = F.interpolate(self.upsample[str(stride)](x), scale_factor=2.0, mode="bilinear")
                x = x + skips[stride]
            x = block(x, matrices[index], shifts[index], modulation, index)
        features, index = x, len(self.blocks)
        x = torch.cat([x, pixels.to(x.dtype)], 1)
        x = modulation.modulate(x, matrices[index], shifts[index], index)
        painted = F.pixel_shuffle(filter_output(self.head(x), self.training), 2)
        if self.detail is not None:
            x = self.detail.merge(painted, content, features)
            x = modulation.modulate(x, matrices[-1], shifts[-1], index + 1)
            painted = painted + self.detail(x).to(painted.dtype)
        return painted + 0.5

    def macs(self, height: int, width: int) -> int:
        """Return the multiply-adds for one image of `height` x `width`, modulation folded in."""
        return sum(
            conv.weight.numel() * (height // stride) * (width // stride)
            for conv, stride in self._convs()
            if isinstance(conv, nn.Conv2d)
        )

    def _convs(self) -> list[tuple[nn.Module, int]]:
        """Return every convolution with the stride of its output."""
        convs: list[tuple[nn.Module, int]] = [
            (self.stem, 2),
            (self.conv_half, 2),
            (self.down_quarter, 4),
            (self.conv_quarter, 4),
            (self.down_eighth, 8),
            (self.upsample["4"], 8),
            (self.upsample["2"], 4),
            (self.head, 2),
        ]
        for layer, block in zip(self.modulated_layers, self.blocks, strict=False):
            convs += [(conv, layer.stride) for conv in block.children()]
        if self.detail is not None:
            convs += [(conv, 2 if name == "features" else 1) for name, conv in self.detail.named_children()]
        return convs


def initialise(network: TransformNet) -> None:
    """Apply He's initialisation; blocks start near the identity, the output near the content image."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    with torch.no_grad():
        network.head.weight.mul_(0.05)
        for channel in range(PACKED_CHANNELS):
            network.head.weight[channel, -PACKED_CHANNELS + channel, 1, 1] += 0.2
        if network.detail is not None:
            network.detail.out.weight.zero_()  # the block has no effect until it is trained
