"""Beginning with a network that there is, and painting with one that is still being trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from impasto.encoders import Encoder
from impasto.errors import WeightsError
from impasto.feedforward import model_card as files
from impasto.feedforward.descriptor import ModelDescriptor
from impasto.feedforward.modules.style_embedding import STYLES, StyleEmbedding
from impasto.feedforward.modules.style_predictor import StylePredictor
from impasto.feedforward.modules.transform import StyleParams, TransformNet
from impasto.feedforward.pretrained import pretrained_networks
from impasto.feedforward.style_data import measure_style
from impasto.feedforward.style_targets import at_stroke
from impasto.feedforward.tasks.any_style import KIND, restore
from impasto.feedforward.weights import dequantise, quantise, read_network
from impasto.imaging import fit, resize

PREVIEW = 512
MOST_SHOWN = 4


Begin = Callable[[TransformNet, StyleEmbedding, Sequence[Tensor]], None]
"""Puts what a training begins with into network and style embedding; it is given the paintings `(1, 3, h, w)`."""


def begin_with(path: Path | None, encoder: Encoder) -> Begin:
    """Return what puts the network of a file in place: one for any style, or one for as many styles.

    None is the network for any style that ships; `encoder` is what that looks at paintings through. Raises
    WeightsError if the file is not there, damaged, or a network of another kind; so does what is returned, if the
    network is of another size or has another number of styles.
    """
    path = path or pretrained_networks().get("any")
    if path is None:
        raise WeightsError(
            "This impasto came without the network for any style; name one with --from, or give --start nothing."
        )
    card, state = read_network(path)
    try:
        if card["kind"] == KIND:
            return _with_any(path, *restore(card, state), encoder)
        if card["kind"] == STYLES:
            network, own = files.restore(card, state)
            return _with_styles(path, {"network": network, "style_embedding": own})
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise WeightsError(f"The network {path} does not fit its own card; fetch it again.") from error
    raise WeightsError(
        f"{path} is a {card['kind']}, but a training begins with a network for any style, or for given ones; give"
        " another --from."
    )


def _with_any(path: Path, network: TransformNet, style_predictor: StylePredictor, encoder: Encoder) -> Begin:
    def begin(own: TransformNet, style_embedding: StyleEmbedding, paintings: Sequence[Tensor]) -> None:
        _copy(path, network, own)
        style_embedding.begin_with(*style_params_of(style_predictor, encoder, paintings))

    return begin


def _with_styles(path: Path, modules: Mapping[str, nn.Module]) -> Begin:
    def begin(own: TransformNet, style_embedding: StyleEmbedding, paintings: Sequence[Tensor]) -> None:
        del paintings
        _copy(path, modules["network"], own)
        _copy(path, modules["style_embedding"], style_embedding)

    return begin


def _copy(path: Path, first: nn.Module, own: nn.Module) -> None:
    try:
        own.load_state_dict(first.state_dict())
    except RuntimeError as error:
        raise WeightsError(
            f"The network {path} is of another size or has another number of styles than this training; give another"
            " --from."
        ) from error


@torch.no_grad()
def style_params_of(
    style_predictor: StylePredictor, encoder: Encoder, paintings: Sequence[Tensor]
) -> tuple[StyleParams, StyleParams]:
    """Return what `style_predictor` makes of the paintings at strength 1 and at strength 0, one row each."""
    rows: tuple[list[StyleParams], list[StyleParams]] = ([], [])
    for painting in paintings:
        statistics, _ = measure_style(encoder, at_stroke(painting, 1.0))
        for row, strength in zip(rows, (1.0, 0.0), strict=True):
            row.append(style_predictor(statistics, torch.tensor([strength])))
    full, none = (
        StyleParams(
            tuple(
                torch.cat(parts)
                for parts in zip(*(style_params.matrices for style_params in row), strict=True)
            ),
            tuple(
                torch.cat(parts) for parts in zip(*(style_params.shifts for style_params in row), strict=True)
            ),
        )
        for row in rows
    )
    return full, none


def painters(
    card: Mapping[str, Any], weights: Mapping[str, Tensor], strength: float = 1.0
) -> list[Callable[[Tensor], Tensor]]:
    """Return for each style what paints `(1, 3, H, W)` in it, with `weights` as they will be stored.

    `card` says kind and styles. What is painted is not finite where the network's values are not.
    """
    network, style_embedding = files.restore(card, dequantise(quantise(weights)))
    loaded = ModelDescriptor(network, name=str(card["name"]))
    count = len(card["styles"])

    def painter(number: int) -> Callable[[Tensor], Tensor]:
        style_params = style_embedding(
            torch.eye(count)[number : number + 1], torch.tensor([strength]), torch.ones(1)
        )

        def paint(image: Tensor) -> Tensor:
            try:
                return loaded.paint(image, style_params)
            except WeightsError:  # which is how it says that values are not finite
                return torch.full_like(image, torch.nan)

        return paint

    return [painter(number) for number in range(count)]


def preview(card: Mapping[str, Any], weights: Mapping[str, Tensor], photograph: Tensor) -> Tensor:
    """Return the `photograph` `(1, 3, H, W)`, at most 512 pixels, beside its paintings in up to 4 styles.

    They are painted at the strength that is usual with the network.
    """
    height, width = photograph.shape[2:]
    small = resize(photograph, fit(height, width, min(PREVIEW, max(height, width))))
    shown = [
        paint(small).nan_to_num()
        for paint in painters(card, weights, card.get("default_strength", 1.0))[:MOST_SHOWN]
    ]
    return torch.cat([small, *shown], 3)
