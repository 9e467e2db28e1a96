"""Training of a network for given styles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from impasto.encoders import Encoder
from impasto.feedforward.initial_weights import Initialiser
from impasto.feedforward.modules.style_embedding import DEFAULT_STRENGTH, StyleEmbedding
from impasto.feedforward.modules.transform import BLOCKS, TransformNet, initialise
from impasto.feedforward.network_card import KIND_STYLES
from impasto.feedforward.objective import objective
from impasto.feedforward.strength_controller import StrengthController
from impasto.feedforward.style_settings import GivenStyleSettings
from impasto.feedforward.style_targets import draw_batch, measure_strokes
from impasto.feedforward.tasks.one_pass import modulated_optimizers
from impasto.feedforward.tasks.stable import StableTask
from impasto.training.device import ComputeDevice
from impasto.training.distributed import SINGLE, DataParallel
from impasto.training.optimizer_set import OptimizerSet, muon_and_adam
from impasto.training.task import LossOutput


class GivenStylesTask(StableTask):
    """The objective of the network for any style, with strengths, strokes and mixtures drawn for every picture."""

    kind: ClassVar[str] = KIND_STYLES
    settings: GivenStyleSettings

    def __init__(
        self,
        encoder: Encoder,
        photographs: Sequence[Tensor],
        style_images: Sequence[Tensor],
        settings: GivenStyleSettings,
        compute: ComputeDevice,
        parallel: DataParallel = SINGLE,
        *,
        initialiser: Initialiser | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Start from random weights, or from the network of `initialiser`."""
        super().__init__(encoder, photographs, settings, compute, parallel)
        torch.manual_seed(settings.seed)
        blocks = BLOCKS if initialiser is None else initialiser.blocks
        self.network = TransformNet(blocks=blocks, detail=settings.detail)
        initialise(self.network)
        self.style_embedding = StyleEmbedding(self.network.modulated_layers, len(style_images))
        if initialiser is not None:
            initialiser.initialise(self.network, self.style_embedding, style_images)
        modules: dict[str, nn.Module] = {"network": self.network, "style_embedding": self.style_embedding}
        for module in modules.values():
            module.to(compute.device)
        optimizers = self._optimizers(modules)
        self.set_trained(modules, optimizers, averaged=True)
        self.styles = measure_strokes(encoder, style_images, on_progress)
        self.strength_controller = StrengthController(
            settings.content_weight_at_0, settings.content_weight_at_1
        )

    def _optimizers(self, modules: Mapping[str, nn.Module]) -> OptimizerSet:
        matrices, settings = self.style_embedding.matrices(), self.settings
        if not settings.styles_only:
            return modulated_optimizers(self.network, modules, matrices, settings)
        for module in modules.values():
            module.requires_grad_(False)
        for own in self.style_embedding.own_weights():
            own.requires_grad_(True)
        muon = {"matrices": (matrices, settings.style_learning_rate)}
        return muon_and_adam(modules, muon, settings.learning_rate)

    def loss(self, step: int) -> LossOutput:
        """Return the objective of a batch plus the stability loss, and move the content weights."""
        settings, controller, device = self.settings, self.strength_controller, self.compute.device
        photographs = self.next_photographs(step)
        batch = draw_batch(
            self.draws, self.styles, settings.batch, settings.default_share, settings.mixture_share
        )
        local = batch.select(self.rows, device)
        style_params = self.style_embedding(local.mixture, local.strength, local.stroke)
        grainy = self.with_grain(photographs, settings.grain)
        with self.compute.autocast():
            painted = self.network(grainy, style_params)
        weight = controller.weights(batch.strength)[self.rows].to(device)
        content = self.content_targets(photographs)
        output = objective(
            self.encoder,
            painted,
            content,
            local.targets,
            weight,
            settings.spread_weight,
            settings.checkerboard_weight,
        )
        if settings.hold_strength:
            controller.follow(batch.strength, self.parallel.gather(output.content_distance).cpu())
        figures = dict(output.figures)
        figures["content_weight"] = float(controller.weights(torch.tensor([DEFAULT_STRENGTH])))
        return self.add_stability(
            LossOutput(output.loss, figures), self.network, grainy, painted, style_params
        )

    def state(self) -> dict[str, Any]:
        """Return the generators, the batch and the content weights."""
        return {**super().state(), "strength_controller": self.strength_controller.logs}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `state` returned."""
        super().load_state(state)
        self.strength_controller.logs = state["strength_controller"]
