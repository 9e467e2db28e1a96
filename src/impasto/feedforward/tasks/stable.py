"""What the trainings for given styles share: the stability loss against flicker."""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.feedforward.modules.transform import StyleParams
from impasto.feedforward.stability import StabilityLoss
from impasto.feedforward.style_settings import GivenStyleSettings
from impasto.feedforward.tasks.one_pass import OnePassTask
from impasto.feedforward.weights import Network
from impasto.training.device import ComputeDevice
from impasto.training.distributed import SINGLE, DataParallel
from impasto.training.task import LossOutput


class StableTask(OnePassTask):
    """A training whose loss may include the stability loss, at `stability_weight`."""

    settings: GivenStyleSettings

    def __init__(
        self,
        encoder: Encoder,
        photographs: Sequence[Tensor],
        settings: GivenStyleSettings,
        compute: ComputeDevice,
        parallel: DataParallel = SINGLE,
    ) -> None:
        super().__init__(encoder, photographs, settings, compute, parallel)
        self.noise = torch.Generator().manual_seed(settings.seed + 3)
        self.stability = StabilityLoss(self.draws, self.noise, parallel)

    @property
    def substitutes(self) -> dict[str, str]:
        """Published layer -> layer that serves instead, for layers that the encoder does not have."""
        return {}

    def add_stability(
        self,
        output: LossOutput,
        network: Network,
        photographs: Tensor,
        painted: Tensor,
        style_params: StyleParams,
    ) -> LossOutput:
        """Return `output` plus the weighted stability loss, with its value in the figures; unchanged at weight 0."""
        weight = self.settings.stability_weight
        if weight == 0:
            return output
        batch = self.settings.batch
        with self.compute.autocast():
            change = self.stability(network, photographs, painted, style_params, batch, self.rows)
        figures = {**output.figures, "change": float(change.detach())}
        return LossOutput(output.loss + weight * change, figures)

    @property
    def _generators(self) -> dict[str, random.Random | torch.Generator]:
        return {**super()._generators, "noise": self.noise}
