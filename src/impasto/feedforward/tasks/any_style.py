"""Training of the network for any style."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from impasto.encoders import Encoder
from impasto.feedforward.larger import InitialWeights, load_initial
from impasto.feedforward.modules.style_predictor import StylePredictor
from impasto.feedforward.modules.transform import TransformNet, initialise
from impasto.feedforward.network_card import KIND_ANY
from impasto.feedforward.objective import objective
from impasto.feedforward.style_data import StyleRows
from impasto.feedforward.tasks.one_pass import OnePassTask, modulated_optimizers
from impasto.feedforward.training_settings import AnyStyleSettings
from impasto.training.device import ComputeDevice
from impasto.training.distributed import SINGLE, DataParallel
from impasto.training.task import LossOutput

CHUNK = 256


class AnyStyleTask(OnePassTask):
    """Style, spread and content losses over random photographs, style images and strengths."""

    kind: ClassVar[str] = KIND_ANY
    settings: AnyStyleSettings

    def __init__(
        self,
        encoder: Encoder,
        photographs: Sequence[Tensor],
        styles: StyleRows,
        targets: StyleRows,
        settings: AnyStyleSettings,
        compute: ComputeDevice,
        parallel: DataParallel = SINGLE,
        *,
        initial: InitialWeights | None = None,
    ) -> None:
        """`styles` are measured by the encoder of the style predictor, `targets` by that of the losses."""
        super().__init__(encoder, photographs, settings, compute, parallel)
        self.styles, self.targets = styles, targets
        torch.manual_seed(settings.seed)
        self.network = TransformNet(blocks=settings.blocks, detail=settings.detail)
        initialise(self.network)
        self.style_predictor = StylePredictor(self.network.modulated_layers)
        standardise(self.style_predictor, styles)
        modules: dict[str, nn.Module] = {"network": self.network, "style_predictor": self.style_predictor}
        if initial is not None:
            load_initial(modules, initial, self.network.modulated_layers)
        for module in modules.values():
            module.to(compute.device)
        optimizers = modulated_optimizers(self.network, modules, self.style_predictor.matrices(), settings)
        self.set_trained(modules, optimizers, averaged=True)

    def loss(self, step: int) -> LossOutput:
        """Return the objective of a batch; `full_strength_share` of it is painted at strength 1."""
        settings = self.settings
        photographs = self.next_photographs(step)
        chosen = [self.draws.randrange(len(self.styles)) for _ in range(settings.batch)]
        full = round(settings.full_strength_share * settings.batch)
        drawn = [1.0 if index < full else self.draws.random() for index in range(settings.batch)]
        strength = torch.tensor(drawn[self.rows], device=self.compute.device)
        statistics, _ = self.styles.select(chosen[self.rows], self.compute.device)
        _, targets = self.targets.select(chosen[self.rows], self.compute.device)
        grainy = self.with_grain(photographs, settings.grain)
        with self.compute.autocast():
            painted = self.network(grainy, self.style_predictor(statistics, strength))
        weight = content_weight(strength, settings.content_weight_at_0, settings.content_weight_at_1)
        content = self.content_targets(photographs)
        output = objective(
            self.encoder,
            painted,
            content,
            targets,
            weight,
            settings.spread_weight,
            settings.checkerboard_weight,
        )
        return LossOutput(output.loss, output.figures)


def content_weight(strength: Tensor, at_0: float, at_1: float) -> Tensor:
    """Return ``at_0^(1 - s) at_1^s`` for strengths s `(B,)` in [0, 1]."""
    return at_0 ** (1 - strength) * at_1**strength


def standardise(style_predictor: StylePredictor, styles: StyleRows) -> None:
    """Set the offset and scale that bring the statistics vectors of `styles` to mean 0 and deviation 1."""
    rows = range(len(styles))
    chunks = [
        styles.select(rows[start : start + CHUNK])[0].vector() for start in range(0, len(styles), CHUNK)
    ]
    vectors = torch.cat(chunks)
    style_predictor.offset.copy_(vectors.mean(0))
    style_predictor.scale.copy_(1 / (vectors.std(0, correction=0) + 1e-3))
