"""What the commands of trained networks share: which styles, how mixed, and how a network is opened."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.errors import RecipeError

if TYPE_CHECKING:
    from impasto.feedforward.catalogue import Model

ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help="File of a network, or the name of one that ships.", show_default=False
    ),
]
StyleOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME|FILE",
        help="Style of the network, or a painting if it takes any; give several to mix them.",
        show_default=False,
    ),
]
MixOption = Annotated[
    str | None,
    typer.Option(metavar="GAMMA|W1,W2,...", help="Weights of several styles.", show_default="equal"),
]
StrengthOption = Annotated[
    float | None,
    typer.Option(
        help="From 0, close to the photograph, to 1.", show_default="what is usual with the network"
    ),
]
StrokeOption = Annotated[
    float | None, typer.Option(help="Below 1 for finer strokes, above for broader ones.", show_default="1")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]


def open_named(name: str) -> Model:
    """Return the network called `name`, or in the file of that name; raises RecipeError and WeightsError."""
    from impasto.feedforward.catalogue import find_model, open_model

    return open_model(find_model(name))


def chosen_styles(model: Model, typed: Sequence[str] | None) -> list[str | Path]:
    """Return the styles that were typed: names of the network's own, else files of paintings, which are there."""
    from impasto.imaging import check_file

    if model.names:
        return list(typed or ())
    paths = [Path(name) for name in typed or ()]
    for path in paths:
        check_file(path)
    return list(paths)


def read_mix(text: str | None, count: int) -> list[float] | None:
    """Return a weight for each of `count` styles; one number alone is the first of two styles' share.

    Raises RecipeError for anything that is not as many numbers.
    """
    if text is None:
        return None
    try:
        weights = [float(part) for part in text.split(",")]
    except ValueError:
        weights = []
    if len(weights) == 1 and count == 2:
        weights = [weights[0], 1 - weights[0]]
    good = len(weights) == count and all(math.isfinite(w) and w >= 0 for w in weights) and sum(weights) > 0
    if not good:
        raise RecipeError(
            f"--mix has a weight from 0 on for each of the {count} styles, as in 1,2 (or 0.3 for two), not '{text}'."
        )
    return weights


def amounts(model: Model, strength: float | None, stroke: float | None) -> dict[str, float]:
    """Return strength and stroke as typed, or what is usual with the network, as ``{"strength": ...}``.

    Raises RecipeError for one that the network does not have.
    """
    typed = {"strength": strength, "stroke": stroke}
    usual = {"strength": model.usual, "stroke": 1.0}
    found = {}
    for name, value in typed.items():
        if value is not None and name not in model.styled.controls:
            raise RecipeError(f"The network '{model.path.name}' was trained without --{name}; leave it out.")
        found[name] = usual[name] if value is None else value
    return found


def told(model: Model, found: dict[str, float]) -> dict[str, float]:
    """Return the amounts as the network is told them: the strength by the table of its card.

    Raises RecipeError for a strength outside 0 to 1.
    """
    from impasto.guidance import calibrated_strength

    return {**found, "strength": calibrated_strength(found["strength"], model.card.get("strengths"))}
