"""What a network's file says about it: its styles, controls and ranges. Importing this module does not import torch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from impasto.encoders.header import CARD_KEY
from impasto.errors import RecipeError, WeightsError, unknown
from impasto.feedforward.pretrained import SUFFIX, pretrained_networks
from impasto.guidance.strength import calibrated_strength, check_strength

if TYPE_CHECKING:
    from impasto.feedforward.settings import OnePassSettings
    from impasto.guidance import Guides
    from impasto.imaging import PictureLike

# Kinds of networks in the cards: for given styles, of Johnson et al., for any style.
KIND_STYLES = "network:styles"
KIND_JOHNSON = "network:johnson"
KIND_ANY = "network:any"
KINDS = (KIND_ANY, KIND_STYLES, KIND_JOHNSON)
# Ranges of the stroke, as a ratio to the trained size: of trained styles, and of any style.
STROKES = (0.5, 1.5)
ANY_STROKES = (0.25, 4.0)


class NetworkCard:
    """The model card of a network's file, and what follows from it.

    `names` are the styles that the network was trained on, empty if it takes any style image. `controls` are those of
    "mix", "strength" and "stroke" that it knows; `default_strength` is used where none is given, and `strokes` is the
    range of the stroke.

    Raises KeyError, TypeError or ValueError for an invalid card.
    """

    def __init__(self, path: Path, card: Mapping[str, Any]) -> None:
        self.path = path
        self.card = card
        any_style = card["kind"] == KIND_ANY
        self.names = () if any_style else tuple(str(style["name"]) for style in card["styles"])
        self.controls = controls_of(card["kind"])
        self.strokes = ANY_STROKES if any_style else STROKES
        # Height and width of the padded image are multiples of it.
        self.multiple = 4 if card["kind"] == KIND_JOHNSON else 8
        self.default_strength = float(card.get("default_strength", 1.0 if self.names else 0.5))
        if not 0 <= self.default_strength <= 1:
            raise ValueError(f"{self.default_strength} as the default strength")
        _check_numbers(card)

    @property
    def stored_name(self) -> str:
        """How provenance names the network: by its name if it ships, whose file lies elsewhere on another machine."""
        shipped = pretrained_networks().get(self.path.stem) == self.path
        return self.path.stem if shipped else str(self.path.resolve())

    def check_stroke(self, stroke: float) -> None:
        """Raise RecipeError unless the network was trained for this stroke."""
        low, high = self.strokes
        if not low <= stroke <= high:
            raise RecipeError(f"The stroke is a number from {low} (fine) to {high} (broad), not {stroke}.")

    def checked_styles(
        self, styles: Sequence[PictureLike], strength: float, stroke: float
    ) -> Sequence[PictureLike]:
        """Return the styles, or the only one that the network has where none is given.

        Raises RecipeError for no style, an unknown name, or a strength or stroke out of range.
        """
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

    def resolve(self, settings: OnePassSettings) -> OnePassSettings:
        """Return ``settings`` with the network's defaults filled in.

        Raises `RecipeError` for a control that the network does not have, or one out of its range: strength from 0
        to 2, stroke in the range that the network was trained for.
        """
        defaults = {"strength": self.default_strength, "stroke": 1.0}
        changes: dict[str, float] = {}
        for name, default in defaults.items():
            value = getattr(settings, name)
            if name in self.controls:
                changes[name] = default if value is None else value
            elif value is not None:
                raise RecipeError(
                    f"The network '{self.path.name}' was trained without a {name}; leave {name} out."
                )
        if "strength" in changes:
            check_strength(changes["strength"])
        if "stroke" in changes:
            self.check_stroke(changes["stroke"])
        return settings.model_copy(update=changes)

    def conditioning(self, resolved: OnePassSettings) -> tuple[float, float]:
        """Return the strength and stroke that the network is conditioned on."""
        strength = 1.0 if resolved.strength is None else resolved.strength
        stroke = 1.0 if resolved.stroke is None else resolved.stroke
        return calibrated_strength(strength, self.card.get("strengths")), stroke

    def provenance(
        self,
        backend: str,
        tile: int | None,
        content: str,
        styles: Sequence[Any],
        resolved: OnePassSettings,
        guides: Guides,
    ) -> dict[str, Any]:
        """Return what replays an image: the recipe with its network, and the images by name.

        `styles` are names of the network's own styles, or of style images.
        """
        trained = list(styles or self.names[:1]) if self.names else []
        return {
            "recipe": {
                "network": self.stored_name,
                "styles": trained,
                "backend": backend,
                "tile": tile,
                **resolved.model_dump(mode="json"),
            },
            "content": content,
            "styles": [] if self.names else list(styles),
            "guides": guides.to_json(),
        }


def _check_numbers(card: Mapping[str, Any]) -> None:
    """Raise TypeError or ValueError unless painting can use the margin, grain and strengths of a card."""
    margin, grain, rows = card.get("margin", 0), float(card.get("grain") or 0), card.get("strengths") or ()
    if not isinstance(margin, int):
        raise ValueError(f"{margin!r} as the margin")
    if not 0 <= grain <= 1:
        raise ValueError(f"{grain} as the grain")
    strengths = [float(strength) for strength, _ in rows]
    rising = all(first < second for first, second in pairwise(strengths))
    if rows and not (len(rows) > 1 and rising and all(0 <= float(value) <= 1 for _, value in rows)):
        raise ValueError(f"{rows} as the strengths")


def controls_of(kind: str) -> tuple[str, ...]:
    """Return which of "mix", "strength" and "stroke" a kind of network knows."""
    return ("mix",) if kind == KIND_JOHNSON else ("mix", "strength", "stroke")


def mixing_weights(count: int, weights: Sequence[float] | None) -> list[float]:
    """Return the weights of a mixture of `count` styles, which sum to 1; equal ones if none are given.

    Raises RecipeError for weights that do not fit.
    """
    given = list(weights) if weights else [1.0] * count
    if len(given) != count or min(given) < 0 or not sum(given) > 0:
        raise RecipeError(
            f"A mixture of {count} styles has as many weights, none below 0, not {given}; give --mix so."
        )
    total = sum(given)
    return [weight / total for weight in given]


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


def open_card(path: Path) -> NetworkCard:
    """Return the card of a network's file; raises WeightsError as `open_network.open_model`."""
    card = read_network_card(path)
    check_kind(path, card)
    with fitting(path):
        return NetworkCard(path, card)


def read_network_card(path: Path) -> dict[str, Any]:
    """Return the model card in a network's file; raises WeightsError as `weights.read_network`."""
    if not path.is_file():
        raise WeightsError(f"The network {path} is not there; check the path.")
    try:
        with safe_open(path, "np") as file:
            card = json.loads((file.metadata() or {}).get(CARD_KEY, "{}"))
    except (SafetensorError, OSError, ValueError) as error:
        raise damaged(path) from error
    if not isinstance(card, dict) or not str(card.get("kind", "")).startswith("network:"):
        raise WeightsError(f"{path} holds no network that paints; `impasto train` makes one.")
    return card


def damaged(path: Path) -> WeightsError:
    """Return the error for a file that cannot be read as a network."""
    return WeightsError(f"The network {path} is damaged or no safetensors file; make it again.")


def check_kind(path: Path, card: Mapping[str, Any]) -> None:
    """Raise WeightsError for a kind of network that this version does not know."""
    if card["kind"] not in KINDS:
        raise WeightsError(
            f"'{path}' is a network of the kind '{card['kind']}'; this version opens {', '.join(KINDS)}."
        )


@contextmanager
def fitting(path: Path) -> Iterator[None]:
    """Turn the errors of a card or weights that do not fit into a WeightsError about `path`."""
    try:
        yield
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(
            f"The weights in '{path}' do not fit its card ({reason}); make it again."
        ) from error
