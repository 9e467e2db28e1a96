"""Initial weights of a training for given styles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.errors import WeightsError
from impasto.feedforward.modules.style_embedding import StyleEmbedding
from impasto.feedforward.modules.style_predictor import StylePredictor
from impasto.feedforward.modules.transform import ModulatedLayer, StyleParams, TransformNet
from impasto.feedforward.network_card import KIND_ANY, KIND_STYLES
from impasto.feedforward.pretrained import LIVE_NETWORK, pretrained_networks
from impasto.feedforward.restore import restore_any_style, restore_given_styles
from impasto.feedforward.style_data import measure_style
from impasto.feedforward.style_targets import at_stroke
from impasto.feedforward.weights import read_network

Initialise = Callable[[TransformNet, StyleEmbedding, Sequence[Tensor]], None]


@dataclass(frozen=True)
class Initialiser:
    """The network that a training starts from: how many blocks it has, and what sets the weights.

    `initialise` gets network, style embedding and style images `(1, 3, h, w)`.
    """

    blocks: tuple[int, int, int]
    initialise: Initialise


def default_initial() -> Path:
    """Return the network for any style that ships; raises WeightsError if this installation has none."""
    path = pretrained_networks().get(LIVE_NETWORK)
    if path is None:
        raise WeightsError(
            "This impasto came without the network for any style; name one with --from, or give --start random."
        )
    return path


def initialiser_from(path: Path, encoder: Encoder, styles: Sequence[str] = ()) -> Initialiser:
    """Return the initialiser that copies a network's file: one for any style, or one for given styles.

    The style predictor of a network for any style sees the style images through `encoder`. `styles` are the SHA-256 of
    the style images' files; `style_rows` says what each begins with if the network is for given styles. Raises
    WeightsError if the file is missing, damaged, or of another kind; the initialiser raises it if the network has
    another size.
    """
    card, state = read_network(path)
    try:
        if card["kind"] == KIND_ANY:
            return _from_any_style(path, *restore_any_style(card, state), encoder)
        if card["kind"] == KIND_STYLES:
            network, style_embedding = restore_given_styles(card, state)
            assert isinstance(network, TransformNet)
            assert isinstance(style_embedding, StyleEmbedding)
            rows = style_rows([style["sha256"] for style in card["styles"]], styles)
            return _from_given_styles(path, network, style_embedding, rows)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise WeightsError(f"The network {path} does not fit its own card; fetch it again.") from error
    raise WeightsError(
        f"{path} is a {card['kind']}, but a training starts from a network for any style, or for given ones; give"
        " another --from."
    )


def style_rows(source: Sequence[str], target: Sequence[str]) -> Tensor:
    """Return what each style of `target` begins with, as weights `(n, m)` of the m styles of `source`.

    A style that `source` has begins with itself, any other with the average; styles are known by their SHA-256. If as
    many others are given, or none are named, each begins with the one in its place.
    """
    known = {sha256: number for number, sha256 in reversed(list(enumerate(source)))}
    if not target or (len(source) == len(target) and not known.keys() & set(target)):
        return torch.eye(len(source))
    rows = torch.full((len(target), len(source)), 1 / len(source))
    for row, sha256 in zip(rows, target, strict=True):
        if sha256 in known:
            row.zero_()
            row[known[sha256]] = 1.0
    return rows


def _from_any_style(
    path: Path, source: TransformNet, style_predictor: StylePredictor, encoder: Encoder
) -> Initialiser:
    def initialise(
        network: TransformNet, style_embedding: StyleEmbedding, style_images: Sequence[Tensor]
    ) -> None:
        _copy_network(path, source, network)
        params = predicted_params(style_predictor, encoder, style_images)
        missing = network.modulated_layers[len(source.modulated_layers) :]
        style_embedding.begin_with(*(_with_identity(one, missing) for one in params))

    return Initialiser(source.counts, initialise)


def _from_given_styles(
    path: Path, source: TransformNet, source_embedding: StyleEmbedding, rows: Tensor
) -> Initialiser:
    def initialise(
        network: TransformNet, style_embedding: StyleEmbedding, style_images: Sequence[Tensor]
    ) -> None:
        if len(rows) != len(style_images):
            raise WeightsError(
                f"The network {path} has {len(rows)} styles, and this training {len(style_images)}; give another"
                " --from."
            )
        _copy_network(path, source, network)
        style_embedding.begin_as(source_embedding, rows)

    return Initialiser(source.counts, initialise)


def _copy_network(path: Path, source: TransformNet, target: TransformNet) -> None:
    """Copy all weights; a block at full resolution that the source lacks stays as it is, without effect at first."""
    own = target.state_dict()
    new = {name: value for name, value in own.items() if name.startswith("detail.")}
    try:
        target.load_state_dict({**new, **source.state_dict()})
    except RuntimeError as error:
        raise WeightsError(
            f"The network {path} is of another size than this training; give another --from, or its --detail."
        ) from error


def _with_identity(params: StyleParams, layers: Sequence[ModulatedLayer]) -> StyleParams:
    """Return style parameters with more modulated layers, which change nothing."""
    rows = len(params.shifts[0])
    matrices = tuple(torch.eye(layer.channels).repeat(rows, 1, 1) for layer in layers)
    shifts = tuple(torch.zeros(rows, layer.channels) for layer in layers)
    return StyleParams((*params.matrices, *matrices), (*params.shifts, *shifts))


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
