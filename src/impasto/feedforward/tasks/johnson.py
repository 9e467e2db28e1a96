"""The published training of Johnson's network.

Source: Johnson, Alahi & Fei-Fei, Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016,
section 4.1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from impasto.encoders import Encoder
from impasto.feedforward.modules.johnson import JohnsonNet
from impasto.feedforward.modules.style_embedding import ConditionalInstanceNorm
from impasto.feedforward.network_card import KIND_JOHNSON
from impasto.feedforward.perceptual_loss import PerceptualLoss
from impasto.feedforward.style_settings import GivenStyleSettings
from impasto.feedforward.tasks.stable import StableTask
from impasto.training.device import ComputeDevice
from impasto.training.distributed import SINGLE, DataParallel
from impasto.training.optimizer_set import muon_and_adam
from impasto.training.task import LossOutput


class JohnsonTask(StableTask):
    """Perceptual losses, Adam at a constant learning rate, one style for each picture, no averaged weights.

    Deviation: photographs are random crops, half of them mirrored; the paper resizes COCO's photographs to 256x256.
    Deviation: with several styles each picture has one of them at random; the paper trains a network for each style.
    Deviation: features are in bfloat16 where the hardware has it, unless `precision` is "float32".
    """

    kind: ClassVar[str] = KIND_JOHNSON
    settings: GivenStyleSettings

    def __init__(
        self,
        encoder: Encoder,
        photographs: Sequence[Tensor],
        style_images: Sequence[Tensor],
        settings: GivenStyleSettings,
        compute: ComputeDevice,
        parallel: DataParallel = SINGLE,
    ) -> None:
        super().__init__(encoder, photographs, settings, compute, parallel)
        torch.manual_seed(settings.seed)
        self.network = JohnsonNet()
        self.style_embedding = ConditionalInstanceNorm(self.network.modulated_layers, len(style_images))
        modules: dict[str, nn.Module] = {"network": self.network, "style_embedding": self.style_embedding}
        for module in modules.values():
            module.to(compute.device)
        optimizers = muon_and_adam(modules, {}, settings.learning_rate, betas=(0.9, 0.999), max_norm=math.inf)
        self.set_trained(modules, optimizers, averaged=False)
        images = [image.to(compute.device) for image in style_images]
        self.perceptual_loss = PerceptualLoss(encoder, images, settings)

    @property
    def substitutes(self) -> dict[str, str]:
        """Published layer -> nearest layer of the encoder, for layers that the encoder does not have."""
        return {name: layer for name, layer in self.perceptual_loss.layers.items() if name != layer}

    def learning_rate_factor(self, position: float) -> float:  # noqa: ARG002 (constant)
        """Return 1: the published learning rate is constant."""
        return 1.0

    def loss(self, step: int) -> LossOutput:
        """Return the published losses of a batch, each picture in a random style, plus the stability loss if asked."""
        settings, device = self.settings, self.compute.device
        photographs = self.next_photographs(step)
        drawn = [self.draws.randrange(self.style_embedding.count) for _ in range(settings.batch)]
        styles = drawn[self.rows]
        weights = torch.eye(self.style_embedding.count, device=device)[styles]
        ones = torch.ones(len(photographs), device=device)
        style_params = self.style_embedding(weights, ones, ones)
        with self.compute.autocast():
            painted = self.network(photographs, style_params)
        loss, figures = self.perceptual_loss.loss(painted, photographs, styles)
        return self.add_stability(LossOutput(loss, figures), self.network, photographs, painted, style_params)
