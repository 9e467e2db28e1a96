"""Initial weights of a training for given styles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from impasto.encoders import Encoder
from impasto.errors import WeightsError
from impasto.feedforward.modules.style_embedding import StyleEmbedding
from impasto.feedforward.modules.style_predictor import StylePredictor
from impasto.feedforward.modules.transform import StyleParams, TransformNet
from impasto.feedforward.network_card import KIND_ANY, KIND_STYLES
from impasto.feedforward.pretrained import LIVE_NETWORK, pretrained_networks
from impasto.feedforward.restore import restore_any_style, restore_given_styles
from impasto.feedforward.style_data import measure_style
from impasto.feedforward.style_targets import at_stroke
from impasto.feedforward.weights import read_network

Initialiser = Callable[[TransformNet, StyleEmbedding, Sequence[Tensor]], None]
"""Sets the weights that a training starts from; it gets network, style embedding and style images `(1, 3, h, w)`."""


def default_initial() -> Path:
    """Return the network for any style that ships; raises WeightsError if this installation has none."""
    path = pretrained_networks().get(LIVE_NETWORK)
    if path is None:
        raise WeightsError(
            "This impasto came without the network for any style; name one with --from, or give --start random."
        )
    return path


def initialiser_from(path: Path, encoder: Encoder) -> Initialiser:
    """Return the initialiser that copies a network's file: one for any style, or one for as many styles.

    The style predictor of a network for any style sees the style images through `encoder`. Raises WeightsError if the
    file is missing, damaged, or of another kind; the initialiser raises it if the network has another size or another
    number of styles.
    """
    card, state = read_network(path)
    try:
        if card["kind"] == KIND_ANY:
            return _from_any_style(path, *restore_any_style(card, state), encoder)
        if card["kind"] == KIND_STYLES:
            network, style_embedding = restore_given_styles(card, state)
            return _from_given_styles(path, network, style_embedding)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise WeightsError(f"The network {path} does not fit its own card; fetch it again.") from error
    raise WeightsError(
        f"{path} is a {card['kind']}, but a training starts from a network for any style, or for given ones; give"
        " another --from."
    )


def _from_any_style(
    path: Path, source: TransformNet, style_predictor: StylePredictor, encoder: Encoder
) -> Initialiser:
    def initialise(
        network: TransformNet, style_embedding: StyleEmbedding, style_images: Sequence[Tensor]
    ) -> None:
        _copy(path, source, network)
        style_embedding.begin_with(*predicted_params(style_predictor, encoder, style_images))

    return initialise


def _from_given_styles(path: Path, source: nn.Module, source_embedding: nn.Module) -> Initialiser:
    def initialise(
        network: TransformNet, style_embedding: StyleEmbedding, style_images: Sequence[Tensor]
    ) -> None:
        del style_images
        _copy(path, source, network)
        _copy(path, source_embedding, style_embedding)

    return initialise


def _copy(path: Path, source: nn.Module, target: nn.Module) -> None:
    try:
        target.load_state_dict(source.state_dict())
    except RuntimeError as error:
        raise WeightsError(
            f"The network {path} is of another size or has another number of styles than this training; give another"
            " --from."
        ) from error


@torch.no_grad()
def predicted_params(
    style_predictor: StylePredictor, encoder: Encoder, style_images: Sequence[Tensor]
) -> tuple[StyleParams, StyleParams]:
    """Return the predicted style parameters of the style images at strength 1 and at strength 0, one row each."""
    rows: tuple[list[StyleParams], list[StyleParams]] = ([], [])
    device = next(encoder.parameters()).device
    for image in style_images:
        statistics, _ = measure_style(encoder, at_stroke(image.to(device), 1.0))
        for row, strength in zip(rows, (1.0, 0.0), strict=True):
            row.append(style_predictor(statistics.to("cpu"), torch.tensor([strength])))
    full, none = (_concatenate(row) for row in rows)
    return full, none


def _concatenate(rows: Sequence[StyleParams]) -> StyleParams:
    matrices = zip(*(params.matrices for params in rows), strict=True)
    shifts = zip(*(params.shifts for params in rows), strict=True)
    return StyleParams(
        tuple(torch.cat(parts) for parts in matrices), tuple(torch.cat(parts) for parts in shifts)
    )
