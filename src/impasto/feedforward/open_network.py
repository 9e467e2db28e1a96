"""Open one-pass network files; make style parameters from names or images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from impasto.encoders import Encoder, best_precision, open_device, open_encoder, prepare
from impasto.errors import RecipeError, WeightsError, unknown
from impasto.feedforward.modules.region_modulation import mix_style_params
from impasto.feedforward.modules.style_embedding import STROKES
from impasto.feedforward.modules.style_predictor import StyleStatistics
from impasto.feedforward.modules.transform import StyleParams
from impasto.feedforward.pretrained import SUFFIX, pretrained_networks
from impasto.feedforward.restore import restore_any_style, restore_given_styles
from impasto.feedforward.style_data import LONGEST, measure_style
from impasto.feedforward.weights import KIND_ANY, KIND_JOHNSON, KIND_STYLES, Network, read_network
from impasto.guidance import check_strength
from impasto.imaging import PictureLike, fit, read_picture, resize

# Style images whose statistics are remembered, some 120 kB each.
MOST_REMEMBERED = 64


class OnePassModel(ABC):
    """An opened network file: its card, its network, and the module that makes the style parameters.

    `names` are the styles it was trained on, empty if it takes any style image. `controls` are those of "mix",
    "strength" and "stroke" that it knows; `default_strength` is used where none is given.

    Raises ValueError or TypeError for an invalid default strength in the card.
    """

    controls: tuple[str, ...] = ("mix", "strength", "stroke")
    # Range of the stroke, as a ratio to the trained size.
    strokes: tuple[float, float]

    def __init__(self, path: Path, card: Mapping[str, Any], network: Network, names: tuple[str, ...]) -> None:
        self.path = path
        self.card = card
        self.network = network
        self.names = names
        self.default_strength = float(card.get("default_strength", 1.0 if names else 0.5))
        if not 0 <= self.default_strength <= 1:
            raise ValueError(f"{self.default_strength} as the default strength")

    def style_params(
        self, styles: Sequence[PictureLike], strength: float = 1.0, stroke: float = 1.0
    ) -> list[StyleParams]:
        """Return style parameters for each of `styles`: names of its own, or style images if it takes any.

        `strength` is the value that the network is conditioned on. Raises RecipeError for no style, an unknown name,
        or a strength or stroke out of range, PictureError for an image that cannot be read.
        """
        return self._style_params(self._checked_styles(styles, strength, stroke), strength, stroke)

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
        given = list(weights) if weights else [1.0] * len(chosen)
        if len(given) != len(chosen) or min(given) < 0 or not sum(given) > 0:
            raise RecipeError(
                f"A mixture of {len(chosen)} styles has as many weights, none below 0, not {given}; give --mix so."
            )
        total = sum(given)
        normalised = [weight / total for weight in given]
        return self._mixed_style_params(chosen, normalised, strength, stroke)

    def check_stroke(self, stroke: float) -> None:
        """Raise RecipeError unless the network was trained for this stroke."""
        low, high = self.strokes
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

    strokes = (0.25, 4.0)

    def __init__(self, path: Path, card: Mapping[str, Any], state: Mapping[str, Tensor]) -> None:
        network, self.style_predictor = restore_any_style(card, state)
        super().__init__(path, card, network, ())
        self._encoder: Encoder | None = None
        self._statistics: dict[tuple[str, int, int], StyleStatistics] = {}

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

    @torch.no_grad()
    def statistics(self, style: PictureLike, stroke: float = 1.0) -> StyleStatistics:
        """Return the feature statistics of a style image; those of files are cached until the file changes.

        Measured on the CPU, whichever device paints.
        """
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


class GivenStyles(OnePassModel):
    """A network of given styles, whose parameters come from a trained embedding."""

    strokes = STROKES

    def __init__(self, path: Path, card: Mapping[str, Any], state: Mapping[str, Tensor]) -> None:
        network, self.style_embedding = restore_given_styles(card, state)
        super().__init__(path, card, network, tuple(str(style["name"]) for style in card["styles"]))
        self.controls = self.style_embedding.controls

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
    make_model = MODELS.get(str(card["kind"]))
    if make_model is None:
        raise WeightsError(
            f"'{path}' is a network of the kind '{card['kind']}'; this version opens {', '.join(MODELS)}."
        )
    try:
        return make_model(path, card, state)
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(
            f"The weights in '{path}' do not fit its card ({reason}); make it again."
        ) from error


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
