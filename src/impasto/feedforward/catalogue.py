"""Opening the file of a network: what kind it is, and who makes its codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from impasto.encoders import Encoder, best_precision, open_device, open_encoder, prepare
from impasto.errors import RecipeError, WeightsError, unknown
from impasto.feedforward.modules.region_norms import mix_codes
from impasto.feedforward.modules.style_predictor import StylePredictor, StyleStatistics
from impasto.feedforward.modules.transform import StyleParams, TransformNet
from impasto.feedforward.pretrained import SUFFIX, pretrained_networks
from impasto.feedforward.style_data import LONGEST, measure_style
from impasto.feedforward.tasks.any_style import restore
from impasto.feedforward.weights import Network, read_network
from impasto.imaging import PictureLike, fit, read_picture, resize

# Paintings whose statistics are kept, some 120 kB each.
MOST_REMEMBERED = 64


class Styled(Protocol):
    """A network with whoever makes its codes.

    `names` are the styles it was trained on, none if it takes any painting; `controls` is what it knows of "mix",
    "strength" and "stroke", and `strokes` from where to where the stroke reaches.
    """

    network: Network
    names: tuple[str, ...]
    controls: tuple[str, ...]
    strokes: tuple[float, float]

    def code(self, styles: Sequence[PictureLike], strength: float, stroke: float) -> list[StyleParams]:
        """Return the code of each of `styles` (names, or pictures) at a strength from 0 to 1 and a stroke."""
        ...

    def mixed(
        self, styles: Sequence[PictureLike], weights: Sequence[float], strength: float, stroke: float
    ) -> StyleParams:
        """Return the code of the mixture of `styles` by `weights`, whose sum is 1."""
        ...


@dataclass(frozen=True)
class Model:
    """An opened file: its card, the network, its styles and their codes, the strength where none is asked for."""

    path: Path
    card: Mapping[str, Any]
    styled: Styled
    usual: float

    @property
    def names(self) -> tuple[str, ...]:
        """The styles it was trained on, none if it takes any painting."""
        return self.styled.names

    def codes(
        self, styles: Sequence[PictureLike], strength: float = 1.0, stroke: float = 1.0
    ) -> list[StyleParams]:
        """Return a code for each of `styles`: names of its own, or paintings if it takes any.

        Raises RecipeError for none, an unknown name, or a strength or stroke out of its range, PictureError for a
        painting that cannot be read.
        """
        return self.styled.code(self._known(styles, strength, stroke), strength, stroke)

    def code(
        self,
        styles: Sequence[PictureLike],
        weights: Sequence[float] | None = None,
        strength: float = 1.0,
        stroke: float = 1.0,
    ) -> StyleParams:
        """Return one code, of the mixture of `styles` by `weights` (equal ones if not given); as `codes`."""
        chosen = self._known(styles, strength, stroke)
        shares = list(weights) if weights else [1.0] * len(chosen)
        if len(shares) != len(chosen) or min(shares) < 0 or not sum(shares) > 0:
            raise RecipeError(
                f"A mixture of {len(chosen)} styles has as many weights, none below 0, not {shares}; give --mix so."
            )
        total = sum(shares)
        return self.styled.mixed(chosen, [share / total for share in shares], strength, stroke)

    def _known(self, styles: Sequence[PictureLike], strength: float, stroke: float) -> Sequence[PictureLike]:
        """Return the styles meant; raises RecipeError as `codes`."""
        low, high = self.styled.strokes
        if not 0 <= strength <= 1:
            raise RecipeError(f"The strength of a style is a number from 0 to 1, not {strength}.")
        if not low <= stroke <= high:
            raise RecipeError(f"The stroke is a number from {low} (fine) to {high} (broad), not {stroke}.")
        if not styles and len(self.names) == 1:
            return self.names
        if not styles:
            known = f"one of {', '.join(self.names)}" if self.names else "a painting"
            raise RecipeError(f"'{self.path.name}' paints in several styles; give --style, {known}.")
        for style in styles if self.names else ():
            if style not in self.names:
                raise RecipeError(unknown("style", style, self.names))
        return styles


class AnyStyle:
    """The network of any style: codes are made of a painting's statistics, through the compact encoder."""

    names: tuple[str, ...] = ()
    controls: tuple[str, ...] = ("mix", "strength", "stroke")
    strokes = (0.25, 4.0)

    def __init__(self, body: TransformNet, coder: StylePredictor) -> None:
        self.network: Network = body
        self.coder = coder
        self._encoder: Encoder | None = None
        self._met: dict[tuple[str, int, int], StyleStatistics] = {}

    @torch.no_grad()
    def code(self, styles: Sequence[PictureLike], strength: float, stroke: float) -> list[StyleParams]:
        """Return the code of each painting; a broader stroke looks at it larger."""
        told = torch.tensor([float(strength)])
        return [self.coder(self.statistics(style, stroke), told) for style in styles]

    def mixed(
        self, styles: Sequence[PictureLike], weights: Sequence[float], strength: float, stroke: float
    ) -> StyleParams:
        """Return the weighted average of the paintings' codes."""
        return mix_codes(self.code(styles, strength, stroke), weights)

    @torch.no_grad()
    def statistics(self, style: PictureLike, stroke: float = 1.0) -> StyleStatistics:
        """Return what a painting is to the network; files are remembered as long as they do not change."""
        longest = max(16, round(LONGEST * stroke))
        key = _file_key(style, longest)
        if key is None or key not in self._met:
            if self._encoder is None:
                device = open_device("cpu")
                self._encoder = prepare(open_encoder("compact"), device, best_precision(device))
            painting = read_picture(style).pixels
            size = fit(painting.shape[2], painting.shape[3], longest)
            found, _ = measure_style(self._encoder, resize(painting, size))
            if key is None:
                return found
            if len(self._met) >= MOST_REMEMBERED:
                self._met.pop(next(iter(self._met)))
            self._met[key] = found
        return self._met[key]


def _file_key(style: PictureLike, longest: int) -> tuple[str, int, int] | None:
    """Return what tells a file in its present state from others, None for pictures in memory."""
    if not isinstance(style, str | Path):
        return None
    try:
        return str(Path(style).resolve()), Path(style).stat().st_mtime_ns, longest
    except OSError:
        return None  # what is wrong with it is said by who reads it


def open_any(card: Mapping[str, Any], state: Mapping[str, Tensor]) -> AnyStyle:
    """Return the network of any style from its file."""
    return AnyStyle(*restore(card, state))


def placeholder_code(network: Network) -> StyleParams:
    """Return the code that changes nothing, with full matrices: an example of a code's shapes."""
    sites = network.sites
    return StyleParams(
        tuple(torch.eye(s.channels)[None] for s in sites), tuple(torch.zeros(1, s.channels) for s in sites)
    )


class OwnStyles:
    """A network of given styles, whose codes lie in a trained table."""

    def __init__(self, card: Mapping[str, Any], state: Mapping[str, Tensor]) -> None:
        from impasto.feedforward.model_card import restore as restore_styles
        from impasto.feedforward.modules.style_embedding import STROKES

        network, self.table = restore_styles(card, state)
        self.network: Network = network
        self.names = tuple(str(style["name"]) for style in card["styles"])
        self.controls: tuple[str, ...] = self.table.controls
        self.strokes = (float(min(STROKES)), float(max(STROKES)))

    def code(self, styles: Sequence[PictureLike], strength: float, stroke: float) -> list[StyleParams]:
        """Return the code of each of `styles`, which are names."""
        return [self.mixed([style], [1.0], strength, stroke) for style in styles]

    @torch.no_grad()
    def mixed(
        self, styles: Sequence[PictureLike], weights: Sequence[float], strength: float, stroke: float
    ) -> StyleParams:
        """Return the code that the table has for a mixture: its rows are averaged, not the codes."""
        row = torch.zeros(1, len(self.names))
        for style, weight in zip(styles, weights, strict=True):
            row[0, self.names.index(str(style))] += weight
        code: StyleParams = self.table(row, torch.tensor([float(strength)]), torch.tensor([float(stroke)]))
        return code


Opener = Callable[[Mapping[str, Any], Mapping[str, Tensor]], Styled]
OPENERS: dict[str, Opener] = {
    "network:any": open_any, "network:styles": OwnStyles, "network:johnson": OwnStyles
}  # fmt: skip
"""What opens a kind of network: card and weights in, network and coder out."""


def find_model(name: str) -> Path:
    """Return the file that `name` means: a path, or the name of a network that comes with impasto.

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


def open_model(path: Path) -> Model:
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
        styled = opener(card, state)
        usual = float(card.get("usual", 1.0 if styled.names else 0.5))
        if not 0 <= usual <= 1:
            raise ValueError(f"{usual} as the usual strength")
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(
            f"The weights in '{path}' do not fit its card ({reason}); make it again."
        ) from error
    return Model(path, card, styled, usual)
