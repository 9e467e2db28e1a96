"""The training of a network for a few styles: what a step is, for the lean network and for Johnson's."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from impasto.encoders import Encoder
from impasto.errors import DivergedError, ResumeError
from impasto.feedforward.initial_weights import Begin
from impasto.feedforward.modules.johnson import JOHNSON, JohnsonNet
from impasto.feedforward.modules.style_embedding import (
    DEFAULT_STRENGTH,
    STYLES,
    ConditionalInstanceNorm,
    StyleEmbedding,
)
from impasto.feedforward.modules.transform import StyleParams, TransformNet, initialise
from impasto.feedforward.objective import objective
from impasto.feedforward.perceptual_loss import PerceptualLoss
from impasto.feedforward.stability import steadiness
from impasto.feedforward.strength_controller import StrengthController
from impasto.feedforward.style_data import Photographs
from impasto.feedforward.style_settings import StyleSettings
from impasto.feedforward.style_targets import draw, measure
from impasto.feedforward.tasks.any_style import NOT_SCALE_FREE
from impasto.feedforward.weights import Network
from impasto.training.optimizers import Learner, put, rate_factor, scale_free_kernels
from impasto.training.trainer import UNFIT, Training


class Step(NamedTuple):
    """A painted batch `(B, 3, h, w)`, its style parameters, its loss and the parts of it."""

    painted: Tensor
    style_params: StyleParams
    loss: Tensor
    figures: dict[str, float]


class StyleTraining(Training):
    """One run; the network is ``network`` and its styles are ``style_embedding`` in the weights."""

    kind: str

    def __init__(
        self,
        encoder: Encoder,
        network: Network,
        style_embedding: StyleEmbedding | ConditionalInstanceNorm,
        learner: Learner,
        photographs: Sequence[Tensor],
        settings: StyleSettings,
    ) -> None:
        super().__init__(learner, Photographs(photographs, settings.size, settings.seed + 1), settings)
        self.settings: StyleSettings = settings
        self.encoder = encoder
        self.network = network
        self.style_embedding = style_embedding
        self.noise = torch.Generator().manual_seed(settings.seed + 3)
        self.history: list[tuple[int, dict[str, float]]] = []

    def train_step(self) -> dict[str, float]:
        """Take one step; return its figures. Raises DivergedError if the loss is not finite."""
        photographs = self.photographs_now()
        painted, style_params, loss, figures = self.paint(photographs)
        if self.settings.steady > 0:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                change = steadiness(self.network, photographs, painted, style_params, self.draws, self.noise)
            loss = loss + self.settings.steady * change
            figures["change"] = float(change.detach())
        if not torch.isfinite(loss):
            raise DivergedError(
                f"The loss is {float(loss)} at step {self.learner.step + 1}; lower the rates and start again."
            )
        figures["gradient"] = self.learner.learn(loss, self.factor())
        return figures

    @abstractmethod
    def paint(self, photographs: Tensor) -> Step:
        """Paint a batch `(B, 3, h, w)` in styles drawn anew."""

    @abstractmethod
    def factor(self) -> float:
        """Return the factor on the rates of this step."""

    def state(self) -> dict[str, Any]:
        """Return everything that a resumed run needs besides pictures and settings."""
        return {**super().state(), "noise": self.noise.get_state(), "history": self.history}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned; raises ResumeError if it does not fit."""
        super().load(state)
        try:
            self.noise.set_state(state["noise"])
            self.history = [(int(step), dict(figures)) for step, figures in state["history"]]
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise ResumeError(UNFIT) from error


class LeanTraining(StyleTraining):
    """Training of the lean network: strengths, stroke sizes and mixtures of styles are drawn for every picture."""

    kind = STYLES

    def __init__(
        self,
        encoder: Encoder,
        photographs: Sequence[Tensor],
        paintings: Sequence[Tensor],
        settings: StyleSettings,
        begin: Begin | None = None,
        seen: Callable[[int, int], None] | None = None,
    ) -> None:
        """Begin with random weights, or with what ``begin`` puts in their place."""
        torch.manual_seed(settings.seed)
        network = TransformNet()
        initialise(network)
        style_embedding = StyleEmbedding(network.modulated_layers, len(paintings))
        if begin is not None:
            begin(network, style_embedding, paintings)
        modules: dict[str, nn.Module] = {"network": network, "style_embedding": style_embedding}
        learner = Learner(
            modules, scale_free_kernels(network, NOT_SCALE_FREE), style_embedding.matrices(), settings.kernel_rate,
            settings.code_rate, settings.other_rate, settings.average,
        )  # fmt: skip
        super().__init__(encoder, network, style_embedding, learner, photographs, settings)
        self.styles = measure(encoder, paintings, seen)
        self.hold = StrengthController(settings.content_most, settings.content_least)

    def paint(self, photographs: Tensor) -> Step:
        """Paint styles, strengths and strokes drawn anew; the loss is that of the network for any style."""
        settings = self.settings
        drawn = draw(self.draws, self.styles, len(photographs), settings.plain, settings.mixtures)
        style_params = self.style_embedding(drawn.weights, drawn.strength, drawn.stroke)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            painted = self.network(photographs, style_params)
        weight = self.hold.weights(drawn.strength)
        held = self.held(self.encoder, photographs)
        found = objective(self.encoder, painted, held, drawn.targets, weight, settings.spread_weight)
        if settings.hold:
            self.hold.follow(drawn.strength, found.distance)
        found.figures["weight"] = float(self.hold.weights(torch.tensor([DEFAULT_STRENGTH])))
        return Step(painted, style_params, found.loss, found.figures)

    def state(self) -> dict[str, Any]:
        """Return everything that a resumed run needs besides pictures and settings."""
        return {**super().state(), "hold": self.hold.logs}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned; raises ResumeError if it does not fit."""
        super().load(state)
        try:
            put({"hold": self.hold.logs}, state)
        except (KeyError, RuntimeError, TypeError) as error:
            raise ResumeError(UNFIT) from error

    def factor(self) -> float:
        """Return the factor on the rates: up, level, then half a cosine."""
        settings = self.settings
        return rate_factor(self.learner.step / settings.steps, settings.warmup, settings.constant)


class JohnsonTraining(StyleTraining):
    """The published training of Johnson's network: Adam at one rate, one style a picture."""

    kind = JOHNSON

    def __init__(
        self,
        encoder: Encoder,
        photographs: Sequence[Tensor],
        paintings: Sequence[Tensor],
        settings: StyleSettings,
    ) -> None:
        torch.manual_seed(settings.seed)
        network = JohnsonNet()
        style_embedding = ConditionalInstanceNorm(network.modulated_layers, len(paintings))
        modules: dict[str, nn.Module] = {"network": network, "style_embedding": style_embedding}
        learner = Learner(
            modules, [], [], settings.kernel_rate, settings.code_rate, settings.other_rate, 0.0,
            betas=(0.9, 0.999), clip=float("inf"),
        )  # fmt: skip
        super().__init__(encoder, network, style_embedding, learner, photographs, settings)
        self.published = PerceptualLoss(encoder, paintings, settings)

    def paint(self, photographs: Tensor) -> Step:
        """Paint a style drawn for each picture; the losses are the published ones."""
        chosen = [self.draws.randrange(self.style_embedding.count) for _ in range(len(photographs))]
        weights = torch.eye(self.style_embedding.count)[chosen]
        ones = torch.ones(len(photographs))
        style_params = self.style_embedding(weights, ones, ones)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            painted = self.network(photographs, style_params)
        return Step(painted, style_params, *self.published.loss(painted, photographs, chosen))

    def factor(self) -> float:
        """Return 1: the rate stays as it is."""
        return 1.0

    def weights(self) -> dict[str, Tensor]:
        """Return the weights as they are; the published training averages nothing."""
        return self.learner.weights()
