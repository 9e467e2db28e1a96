"""Open one-pass network files; make style parameters from names or images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from impasto.encoders import Encoder, best_precision, open_device, open_encoder, prepare
from impasto.feedforward.modules.region_modulation import mix_style_params
from impasto.feedforward.modules.style_predictor import StyleStatistics
from impasto.feedforward.modules.transform import StyleParams
from impasto.feedforward.network_card import (
    KIND_ANY,
    KIND_JOHNSON,
    KIND_STYLES,
    NetworkCard,
    check_kind,
    fitting,
    mixing_weights,
)
from impasto.feedforward.restore import restore_any_style, restore_given_styles
from impasto.feedforward.style_data import measure_style
from impasto.feedforward.style_images import StyleMemory, measured_side
from impasto.feedforward.weights import Network, read_network
from impasto.imaging import PictureLike, fit, read_picture, resize


class OnePassModel(NetworkCard, ABC):
    """An opened network file: its card, its network, and the module that makes the style parameters."""

    def __init__(self, path: Path, card: Mapping[str, Any], network: Network) -> None:
        super().__init__(path, card)
        self.network = network

    def style_params(
        self, styles: Sequence[PictureLike], strength: float = 1.0, stroke: float = 1.0
    ) -> list[StyleParams]:
        """Return style parameters for each of `styles`: names of its own, or style images if it takes any.

        `strength` is the value that the network is conditioned on. Raises RecipeError for no style, an unknown name,
        or a strength or stroke out of range, PictureError for an image that cannot be read.
        """
        return self._style_params(self.checked_styles(styles, strength, stroke), strength, stroke)

    def mixed_style_params(
        self,
        styles: Sequence[PictureLike],
        weights: Sequence[float] | None = None,
        strength: float = 1.0,
        stroke: float = 1.0,
    ) -> StyleParams:
        """Return the style parameters of the mixture of `styles` by `weights` (equal ones by default).

        Raises what `style_params` raises, and RecipeError for weights that do not fit.
        """
        chosen = self.checked_styles(styles, strength, stroke)
        return self._mixed_style_params(chosen, mixing_weights(len(chosen), weights), strength, stroke)

    @abstractmethod
    def _style_params(
        self, styles: Sequence[PictureLike], strength: float, stroke: float
    ) -> list[StyleParams]:
        """Return the parameters of each style; `style_params` has checked the arguments."""

    @abstractmethod
    def _mixed_style_params(
        self, styles: Sequence[PictureLike], weights: Sequence[float], strength: float, stroke: float
    ) -> StyleParams:
        """Return the parameters of the mixture of the styles by weights that sum to 1."""


class AnyStyle(OnePassModel):
    """A network for any style: a `StylePredictor` makes its parameters from statistics of the style image."""

    def __init__(self, path: Path, card: Mapping[str, Any], state: Mapping[str, Tensor]) -> None:
        network, self.style_predictor = restore_any_style(card, state)
        super().__init__(path, card, network)
        self._encoder: Encoder | None = None
        self._statistics = StyleMemory[StyleStatistics]()

    @torch.no_grad()
    def _style_params(
        self, styles: Sequence[PictureLike], strength: float, stroke: float
    ) -> list[StyleParams]:
        """Return the parameters of each style image; a broader stroke measures it at a larger size."""
        conditioning = torch.tensor([float(strength)])
        return [self.style_predictor(self.statistics(style, stroke), conditioning) for style in styles]

    def _mixed_style_params(
        self, styles: Sequence[PictureLike], weights: Sequence[float], strength: float, stroke: float
    ) -> StyleParams:
        """Return the weighted average of the styles' parameters."""
        return mix_style_params(self._style_params(styles, strength, stroke), weights)

    def statistics(self, style: PictureLike, stroke: float = 1.0) -> StyleStatistics:
        """Return the feature statistics of a style image; those of files are cached until the file changes.

        Measured on the CPU, whichever device paints.
        """
        longest = measured_side(stroke)
        return self._statistics.recall(style, longest, lambda: self._measure(style, longest))

    @torch.no_grad()
    def _measure(self, style: PictureLike, longest: int) -> StyleStatistics:
        if self._encoder is None:
            device = open_device("cpu")
            self._encoder = prepare(open_encoder("compact"), device, best_precision(device))
        pixels = read_picture(style).pixels
        size = fit(pixels.shape[2], pixels.shape[3], longest)
        return measure_style(self._encoder, resize(pixels, size))[0]


class GivenStyles(OnePassModel):
    """A network of given styles, whose parameters come from a trained embedding."""

    def __init__(self, path: Path, card: Mapping[str, Any], state: Mapping[str, Tensor]) -> None:
        network, self.style_embedding = restore_given_styles(card, state)
        super().__init__(path, card, network)

    def _style_params(
        self, styles: Sequence[PictureLike], strength: float, stroke: float
    ) -> list[StyleParams]:
        """Return the parameters of each of `styles`, which are names."""
        return [self._mixed_style_params([style], [1.0], strength, stroke) for style in styles]

    @torch.no_grad()
    def _mixed_style_params(
        self, styles: Sequence[PictureLike], weights: Sequence[float], strength: float, stroke: float
    ) -> StyleParams:
        """Return the parameters of a mixture: the embeddings are averaged, not the parameters."""
        row = torch.zeros(1, len(self.names))
        for style, weight in zip(styles, weights, strict=True):
            row[0, self.names.index(str(style))] += weight
        style_params: StyleParams = self.style_embedding(
            row, torch.tensor([float(strength)]), torch.tensor([float(stroke)])
        )
        return style_params


MODELS: Mapping[str, Callable[[Path, Mapping[str, Any], Mapping[str, Tensor]], OnePassModel]] = {
    KIND_ANY: AnyStyle,
    KIND_STYLES: GivenStyles,
    KIND_JOHNSON: GivenStyles,
}
"""Models by the kind of network; each is made from path, card and weights."""


def open_model(path: Path) -> OnePassModel:
    """Open a network's file, running no code of it.

    Raises WeightsError if it is missing, damaged, of an unknown kind, or if its weights do not fit.
    """
    card, state = read_network(path)
    check_kind(path, card)
    with fitting(path):
        return MODELS[card["kind"]](path, card, state)


def identity_style_params(network: Network) -> StyleParams:
    """Return style parameters that change nothing, with full matrices: an example of their shapes."""
    layers = network.modulated_layers
    return StyleParams(
        tuple(torch.eye(layer.channels)[None] for layer in layers),
        tuple(torch.zeros(1, layer.channels) for layer in layers),
    )
