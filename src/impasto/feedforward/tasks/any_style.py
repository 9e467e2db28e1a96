"""The network for any style, and its training: a generator of progress, resumable exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from impasto.encoders import Encoder
from impasto.errors import DivergedError, WeightsError
from impasto.feedforward.any_settings import AnySettings
from impasto.feedforward.modules.style_predictor import BANK, DIRECTIONS, HIDDEN, StylePredictor
from impasto.feedforward.modules.transform import BLOCKS, WIDTHS, TransformNet, initialise
from impasto.feedforward.objective import objective
from impasto.feedforward.style_data import Photographs, Styles
from impasto.feedforward.weights import read_network
from impasto.training.optimizers import Learner, put, rate_factor, scale_free_kernels, weights_of
from impasto.training.trainer import Trained as Trained
from impasto.training.trainer import Training

KIND = "network:any"
# Layers whose features reach the picture without being normalised again, and the first, whose kernels are small.
NOT_SCALE_FREE = ("head", "stem")
CHUNK = 256
SIZES = {"hidden": HIDDEN, "bank": BANK, "directions": DIRECTIONS}
# What the network is told at strengths 0, .5 and 1. At equal CONTENT its pictures are painted less than the
# optimiser's, so the middle lies where the style shows.
STRENGTHS = ((0.0, 0.0), (0.5, 0.6), (1.0, 1.0))


class AnyTraining(Training):
    """One run of the network for any style."""

    def __init__(
        self,
        encoder: Encoder,
        photographs: Sequence[Tensor],
        styles: Styles,
        settings: AnySettings,
        begin: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.encoder = encoder
        self.styles = styles
        torch.manual_seed(settings.seed)
        self.network = TransformNet()
        initialise(self.network)
        self.style_predictor = StylePredictor(self.network.modulated_layers)
        standardise(self.style_predictor, styles)
        modules: dict[str, nn.Module] = {"network": self.network, "style_predictor": self.style_predictor}
        if begin is not None:
            take_over(modules, begin)
        kernels = scale_free_kernels(self.network, NOT_SCALE_FREE)
        learner = Learner(
            modules, kernels, self.style_predictor.matrices(), settings.kernel_rate, settings.code_rate,
            settings.other_rate, settings.average,
        )  # fmt: skip
        super().__init__(learner, Photographs(photographs, settings.size, settings.seed + 1), settings)
        self.settings: AnySettings = settings

    def train_step(self) -> dict[str, float]:
        """Take one step; return its figures. Raises DivergedError if the loss is not finite."""
        settings = self.settings
        photographs = self.photographs_now()
        chosen = [self.draws.randrange(len(self.styles)) for _ in range(settings.batch)]
        plain = round(settings.plain * settings.batch)
        strength = torch.tensor(
            [1.0 if number < plain else self.draws.random() for number in range(settings.batch)]
        )
        statistics, targets = self.styles.rows(chosen)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            painted = self.network(photographs, self.style_predictor(statistics, strength))
        weight = content_weight(strength, settings.content_least, settings.content_most)
        held = self.held(self.encoder, photographs)
        loss, figures, _ = objective(self.encoder, painted, held, targets, weight, settings.spread_weight)
        if not torch.isfinite(loss):
            raise DivergedError(
                f"The loss is {float(loss)} at step {self.learner.step + 1}; lower the rates and start again."
            )
        done = self.learner.step / settings.steps
        figures["gradient"] = self.learner.learn(loss, rate_factor(done, settings.warmup, settings.constant))
        return figures


def content_weight(strength: Tensor, least: float, most: float) -> Tensor:
    """Return ``most^(1 - s) least^s`` for strengths s `(B,)` in [0, 1]."""
    return most ** (1 - strength) * least**strength


def standardise(style_predictor: StylePredictor, styles: Styles) -> None:
    """Give `style_predictor` the offset and scale that bring the vectors of `styles` to mean 0 and deviation 1."""
    rows = range(len(styles))
    vectors = torch.cat([
        styles.rows(rows[at : at + CHUNK])[0].vector() for at in range(0, len(styles), CHUNK)
    ])  # fmt: skip
    style_predictor.offset.copy_(vectors.mean(0))
    style_predictor.scale.copy_(1 / (vectors.std(0, correction=0) + 1e-3))


def take_over(modules: Mapping[str, nn.Module], weights: Mapping[str, Tensor]) -> None:
    """Copy `weights` of another network, called ``module.name``, into `modules`; what it lacks stays as it is.

    Raises WeightsError if a weight has no place or another shape.
    """
    places = weights_of(modules)
    for name, value in weights.items():
        if name not in places or places[name].shape != value.shape:
            raise WeightsError(
                f"The network to begin with does not fit: its '{name}' has no place; begin without it."
            )
    put({name: places[name] for name in weights}, weights)


def read_any(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return card and weights of a network for any style.

    Raises WeightsError if it is missing, damaged, or a network of another kind.
    """
    card, state = read_network(path)
    if card["kind"] != KIND:
        raise WeightsError(
            f"{path} is a {card['kind']}, but a training begins with a network for any style; give another --from."
        )
    return card, state


def restore(card: Mapping[str, Any], state: Mapping[str, Tensor]) -> tuple[TransformNet, StylePredictor]:
    """Return network and style predictor of a file, whose weights are called ``network.*`` and ``style_predictor.*``.

    Raises KeyError, RuntimeError, TypeError or ValueError if card and weights do not fit.
    """
    network = TransformNet(card.get("widths", WIDTHS), card.get("blocks", BLOCKS))
    sizes = [card.get(name, size) for name, size in SIZES.items()]
    style_predictor = StylePredictor(network.modulated_layers, *sizes)
    for prefix, module in (("network.", network), ("style_predictor.", style_predictor)):
        module.load_state_dict({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
        module.eval().requires_grad_(False)
    return network, style_predictor
