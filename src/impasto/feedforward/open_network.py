"""Open one-pass network files; make style parameters from names or images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from impasto.encoders import Encoder, best_precision, open_device, open_encoder, prepare
from impasto.errors import RecipeError, WeightsError, unknown
from impasto.feedforward.modules.region_modulation import mix_style_params
from impasto.feedforward.modules.style_embedding import STROKES
from impasto.feedforward.modules.style_predictor import StylePredictor, StyleStatistics
from impasto.feedforward.modules.transform import StyleParams, TransformNet
from impasto.feedforward.pretrained import SUFFIX, pretrained_networks
from impasto.feedforward.restore import restore_any_style, restore_given_styles
from impasto.feedforward.style_data import LONGEST, measure_style
from impasto.feedforward.weights import KIND_ANY, KIND_JOHNSON, KIND_STYLES, Network, read_network
from impasto.guidance import check_strength
from impasto.imaging import PictureLike, fit, read_picture, resize

# Style images whose statistics are remembered, some 120 kB each.
MOST_REMEMBERED = 64


class StyleSource(Protocol):
    """A network and the module that makes its style parameters.

    `names` are the styles it was trained on, empty if it takes any style image. `controls` are those of "mix",
    "strength" and "stroke" that it knows, and `strokes` is the range of the stroke.
    """

    network: Network
    names: tuple[str, ...]
    controls: tuple[str, ...]
    strokes: tuple[float, float]

    def style_params(
        self, styles: Sequence[PictureLike], strength: float, stroke: float
    ) -> list[StyleParams]:
        """Return the parameters of each of `styles` (names, or images) at a strength from 0 to 1 and a stroke."""
        ...

    def mixed_style_params(
        self, styles: Sequence[PictureLike], weights: Sequence[float], strength: float, stroke: float
    ) -> StyleParams:
        """Return the parameters of the mixture of `styles` by `weights`, which sum to 1."""
        ...


@dataclass(frozen=True)
class OnePassModel:
    """An opened network file: its card, its style source, and the strength that is used by default."""

    path: Path
    card: Mapping[str, Any]
    source: StyleSource
    default_strength: float

    @property
    def network(self) -> Network:
        """The transformation network."""
        return self.source.network

    @property
    def names(self) -> tuple[str, ...]:
        """The styles that the network was trained on, empty if it takes any style image."""
        return self.source.names

    def style_params(
        self, styles: Sequence[PictureLike], strength: float = 1.0, stroke: float = 1.0
    ) -> list[StyleParams]:
        """Return style parameters for each of `styles`: names of its own, or style images if it takes any.

        `strength` is the value that the network is conditioned on. Raises RecipeError for no style, an unknown name,
        or a strength or stroke out of range, PictureError for an image that cannot be read.
        """
        return self.source.style_params(self._checked_styles(styles, strength, stroke), strength, stroke)

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
        chosen = self._checked_styles(styles, strength, stroke)
        shares = list(weights) if weights else [1.0] * len(chosen)
        if len(shares) != len(chosen) or min(shares) < 0 or not sum(shares) > 0:
            raise RecipeError(
                f"A mixture of {len(chosen)} styles has as many weights, none below 0, not {shares}; give --mix so."
            )
        total = sum(shares)
        return self.source.mixed_style_params(chosen, [share / total for share in shares], strength, stroke)

    def check_stroke(self, stroke: float) -> None:
        """Raise RecipeError unless the network was trained for this stroke."""
        low, high = self.source.strokes
        if not low <= stroke <= high:
            raise RecipeError(f"The stroke is a number from {low} (fine) to {high} (broad), not {stroke}.")

    def _checked_styles(
        self, styles: Sequence[PictureLike], strength: float, stroke: float
    ) -> Sequence[PictureLike]:
        """Return the styles; raises RecipeError as `style_params`."""
        check_strength(strength)
        self.check_stroke(stroke)
        if not styles and len(self.names) == 1:
            return self.names
        if not styles:
            choices = f"one of {', '.join(self.names)}" if self.names else "a painting"
            raise RecipeError(f"'{self.path.name}' paints in several styles; give --style, {choices}.")
        for style in styles if self.names else ():
            if style not in self.names:
                raise RecipeError(unknown("style", style, self.names))
        return styles


class AnyStyle:
    """A network for any style: a `StylePredictor` makes its parameters from statistics of the style image."""

    names: tuple[str, ...] = ()
    controls: tuple[str, ...] = ("mix", "strength", "stroke")
    strokes = (0.25, 4.0)

    def __init__(self, network: TransformNet, style_predictor: StylePredictor) -> None:
        self.network: Network = network
        self.style_predictor = style_predictor
        self._encoder: Encoder | None = None
        self._statistics: dict[tuple[str, int, int], StyleStatistics] = {}

    @torch.no_grad()
    def style_params(
        self, styles: Sequence[PictureLike], strength: float, stroke: float
    ) -> list[StyleParams]:
        """Return the parameters of each style image; a broader stroke measures it at a larger size."""
        conditioning = torch.tensor([float(strength)])
        return [self.style_predictor(self.statistics(style, stroke), conditioning) for style in styles]

    def mixed_style_params(
        self, styles: Sequence[PictureLike], weights: Sequence[float], strength: float, stroke: float
    ) -> StyleParams:
        """Return the weighted average of the styles' parameters."""
        return mix_style_params(self.style_params(styles, strength, stroke), weights)

    @torch.no_grad()
    def statistics(self, style: PictureLike, stroke: float = 1.0) -> StyleStatistics:
        """Return the feature statistics of a style image; those of files are cached until the file changes."""
        longest = max(16, round(LONGEST * stroke))
        key = _file_key(style, longest)
        if key is not None and key in self._statistics:
            return self._statistics[key]
        if self._encoder is None:
            device = open_device("cpu")
            self._encoder = prepare(open_encoder("compact"), device, best_precision(device))
        pixels = read_picture(style).pixels
        size = fit(pixels.shape[2], pixels.shape[3], longest)
        statistics, _ = measure_style(self._encoder, resize(pixels, size))
        if key is not None:
            if len(self._statistics) >= MOST_REMEMBERED:
                self._statistics.pop(next(iter(self._statistics)))
            self._statistics[key] = statistics
        return statistics


class GivenStyles:
    """A network of given styles, whose parameters come from a trained embedding."""

    def __init__(self, card: Mapping[str, Any], state: Mapping[str, Tensor]) -> None:
        network, self.style_embedding = restore_given_styles(card, state)
        self.network: Network = network
        self.names = tuple(str(style["name"]) for style in card["styles"])
        self.controls: tuple[str, ...] = self.style_embedding.controls
        self.strokes = (float(min(STROKES)), float(max(STROKES)))

    def style_params(
        self, styles: Sequence[PictureLike], strength: float, stroke: float
    ) -> list[StyleParams]:
        """Return the parameters of each of `styles`, which are names."""
        return [self.mixed_style_params([style], [1.0], strength, stroke) for style in styles]

    @torch.no_grad()
    def mixed_style_params(
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


def _open_any(card: Mapping[str, Any], state: Mapping[str, Tensor]) -> StyleSource:
    return AnyStyle(*restore_any_style(card, state))


OPENERS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Tensor]], StyleSource]] = {
    KIND_ANY: _open_any,
    KIND_STYLES: GivenStyles,
    KIND_JOHNSON: GivenStyles,
}
"""Functions that open a network by its kind, from card and weights."""


def find_model(name: str) -> Path:
    """Return the file of the network `name`: a path, or the name of a network that ships with impasto.

    Raises RecipeError for a name that is neither.
    """
    path = Path(name)
    if path.suffix == SUFFIX or len(path.parts) > 1 or path.is_file():
        return path
    shipped = pretrained_networks()
    if name not in shipped:
        if not shipped:
            raise RecipeError(f"There is no file '{name}'; give one that a training wrote ({SUFFIX}).")
        raise RecipeError(unknown("network", name, shipped))
    return shipped[name]


def open_model(path: Path) -> OnePassModel:
    """Open a network's file, running no code of it.

    Raises WeightsError if it is missing, damaged, of an unknown kind, or if its weights do not fit.
    """
    card, state = read_network(path)
    opener = OPENERS.get(str(card["kind"]))
    if opener is None:
        raise WeightsError(
            f"'{path}' is a network of the kind '{card['kind']}'; this version opens {', '.join(OPENERS)}."
        )
    try:
        source = opener(card, state)
        default_strength = float(card.get("default_strength", 1.0 if source.names else 0.5))
        if not 0 <= default_strength <= 1:
            raise ValueError(f"{default_strength} as the default strength")
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(
            f"The weights in '{path}' do not fit its card ({reason}); make it again."
        ) from error
    return OnePassModel(path, card, source, default_strength)


def identity_style_params(network: Network) -> StyleParams:
    """Return style parameters that change nothing, with full matrices: an example of their shapes."""
    layers = network.modulated_layers
    return StyleParams(
        tuple(torch.eye(layer.channels)[None] for layer in layers),
        tuple(torch.zeros(1, layer.channels) for layer in layers),
    )


def _file_key(style: PictureLike, longest: int) -> tuple[str, int, int] | None:
    """Return a key of a file in its present state, None for images in memory."""
    if not isinstance(style, str | Path):
        return None
    try:
        return str(Path(style).resolve()), Path(style).stat().st_mtime_ns, longest
    except OSError:
        return None  # the reader reports the error
