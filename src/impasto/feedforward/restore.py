"""Networks from their weights files: the network for any style, and networks for given styles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from impasto.errors import WeightsError
from impasto.feedforward.larger import InitialWeights
from impasto.feedforward.modules.johnson import JohnsonNet
from impasto.feedforward.modules.style_embedding import ConditionalInstanceNorm, StyleEmbedding
from impasto.feedforward.modules.style_predictor import BANK, DIRECTIONS, HIDDEN, StylePredictor
from impasto.feedforward.modules.transform import BLOCKS, WIDTHS, TransformNet, modulated_layers
from impasto.feedforward.network_card import KIND_ANY, KIND_STYLES
from impasto.feedforward.weights import read_network

PREDICTOR_SIZES = {"hidden": HIDDEN, "bank": BANK, "directions": DIRECTIONS}
# Conditioning values at strengths 0, .5 and 1. At equal content distance a one-pass picture shows less of the style
# than an optimised one, so the middle lies higher.
STRENGTHS = ((0.0, 0.0), (0.5, 0.6), (1.0, 1.0))


def read_any_style(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return card and weights of a network for any style.

    Raises WeightsError if it is missing, damaged, or a network of another kind.
    """
    card, state = read_network(path)
    if card["kind"] != KIND_ANY:
        raise WeightsError(
            f"{path} is a {card['kind']}, but a training starts from a network for any style; give another --from."
        )
    return card, state


def initial_weights(path: Path) -> InitialWeights:
    """Return the weights of a network for any style for a training to start from; raises as `read_any_style`."""
    card, state = read_any_style(path)
    return InitialWeights(state, modulated_layers(*_architecture(card)))


def restore_any_style(
    card: Mapping[str, Any], state: Mapping[str, Tensor]
) -> tuple[TransformNet, StylePredictor]:
    """Return the frozen network and style predictor of a file with weights ``network.*`` and ``style_predictor.*``.

    Raises KeyError, RuntimeError, TypeError or ValueError if card and weights do not fit.
    """
    network = TransformNet(*_architecture(card))
    sizes = [card.get(name, size) for name, size in PREDICTOR_SIZES.items()]
    style_predictor = StylePredictor(network.modulated_layers, *sizes)
    _load(network, "network.", state)
    _load(style_predictor, "style_predictor.", state)
    return network, style_predictor


def restore_given_styles(
    card: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> tuple[TransformNet | JohnsonNet, StyleEmbedding | ConditionalInstanceNorm]:
    """Return the frozen network and style embedding of a file with weights ``network.*`` and ``style_embedding.*``.

    `card` holds kind and styles, and for the default network its widths, blocks and channels at full resolution. Raises
    KeyError, RuntimeError or ValueError if card and weights do not fit.
    """
    count = len(card["styles"])
    network: TransformNet | JohnsonNet
    style_embedding: StyleEmbedding | ConditionalInstanceNorm
    if card["kind"] == KIND_STYLES:
        network = TransformNet(tuple(card["widths"]), tuple(card["blocks"]), card.get("detail", 0))
        style_embedding = StyleEmbedding(network.modulated_layers, count)
    else:
        network = JohnsonNet()
        style_embedding = ConditionalInstanceNorm(network.modulated_layers, count)
    _load(network, "network.", weights)
    _load(style_embedding, "style_embedding.", weights)
    return network, style_embedding


def _architecture(card: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """Return widths, blocks and channels at full resolution of a network for any style."""
    return card.get("widths", WIDTHS), card.get("blocks", BLOCKS), card.get("detail", 0)


def _load(module: nn.Module, prefix: str, weights: Mapping[str, Tensor]) -> None:
    """Copy the weights called `prefix` + name into `module` and freeze it; raises RuntimeError if they do not fit."""
    own = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
    module.load_state_dict(own)
    module.eval().requires_grad_(False)
