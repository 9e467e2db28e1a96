"""Pictures painted by a network that is still being trained: previews, and what its checks look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from impasto.errors import WeightsError
from impasto.feedforward.open_network import AnyStyle
from impasto.feedforward.restore import restore_given_styles
from impasto.feedforward.runner import NetworkRunner
from impasto.feedforward.weights import dequantise, quantise
from impasto.guidance import calibrated_strength
from impasto.imaging import fit, resize
from impasto.training.crops import centre_crops

PREVIEW_SIDE = 512
MOST_PREVIEWED = 4
# The network for any style: rows of a photograph, a style image and the painting.
SQUARE_SIDE = 384
MOST_ROWS = 2


def painters(
    card: Mapping[str, Any], weights: Mapping[str, Tensor], strength: float = 1.0
) -> list[Callable[[Tensor], Tensor]]:
    """Return for each style a function that paints `(1, 3, H, W)` with `weights` as they will be stored.

    `card` holds kind and styles. The painted picture is not finite where the network's values are not.
    """
    stored = {name: value.cpu() for name, value in weights.items()}
    network, style_embedding = restore_given_styles(card, dequantise(quantise(stored)))
    runner = NetworkRunner(network, card, name=str(card["name"]))
    count = len(card["styles"])

    def painter(number: int) -> Callable[[Tensor], Tensor]:
        row = torch.eye(count)[number : number + 1]
        style_params = style_embedding(row, torch.tensor([strength]), torch.ones(1))

        def paint(image: Tensor) -> Tensor:
            try:
                return runner.paint(image, style_params)
            except WeightsError:  # the network's values are not finite
                return torch.full_like(image, torch.nan)

        return paint

    return [painter(number) for number in range(count)]


def preview(card: Mapping[str, Any], weights: Mapping[str, Tensor], photograph: Tensor) -> Tensor:
    """Return the `photograph` `(1, 3, H, W)`, at most 512 pixels, beside itself painted in up to 4 styles.

    They are painted at the network's default strength.
    """
    height, width = photograph.shape[2:]
    small = resize(photograph, fit(height, width, min(PREVIEW_SIDE, max(height, width))))
    strength = card.get("default_strength", 1.0)
    paintings = [paint(small).nan_to_num() for paint in painters(card, weights, strength)[:MOST_PREVIEWED]]
    return torch.cat([small, *paintings], 3)


def preview_any(
    card: Mapping[str, Any],
    weights: Mapping[str, Tensor],
    photographs: Sequence[Tensor],
    style_images: Sequence[Tensor],
) -> Tensor:
    """Return rows of a photograph, a style image and the painting by the network for any style, `(1, 3, H, W)`.

    The first two of `photographs` and `style_images`, uint8 `(3, h, w)`, become squares of 384 pixels. They are painted
    at the network's default strength.
    """
    model = AnyStyle(Path(str(card["name"])), card, {name: value.cpu() for name, value in weights.items()})
    runner = NetworkRunner(model.network, card, name=str(card["name"]))
    strength = calibrated_strength(model.default_strength, card.get("strengths"))
    rows = []
    for pair in zip(photographs[:MOST_ROWS], style_images, strict=False):
        photograph, style = (centre_crops([image], SQUARE_SIDE) for image in pair)
        painting = runner.paint(photograph, model.style_params([style], strength))
        rows.append(torch.cat([photograph, style, painting], 3))
    return torch.cat(rows, 2)
