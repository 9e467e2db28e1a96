"""Options of the commands that use a one-pass network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.completion import complete_network
from impasto.errors import RecipeError
from impasto.imaging.print_sizes import EXACT_SIZE_HELP
from impasto.imaging.size_settings import DPI_HELP, FRAMING_HELP, Framing

if TYPE_CHECKING:
    from impasto.feedforward.graph_stylizer import GraphStylizer
    from impasto.feedforward.settings import OnePassSettings
    from impasto.feedforward.stylizer import Stylizer

ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="File of a network, or the name of one that ships.",
        show_default=False,
        autocompletion=complete_network,
    ),
]
PicturesArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PHOTO...", help="Photographs, or folders of them.", show_default=False),
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
MaskOption = Annotated[
    list[str] | None,
    typer.Option(metavar="FILE|WORD", help="Where a style is painted, instead of --mix; one a style."),
]
StrengthOption = Annotated[
    float | None,
    typer.Option(
        help="From 0, close to the photograph, to 2; above 1 it paints twice.",
        show_default="the network's default",
    ),
]
StrokeOption = Annotated[
    float | None, typer.Option(help="Below 1 for finer strokes, above for broader ones.", show_default="1")
]
SizeOption = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help=f"Longer side in pixels, to which larger pictures are shrunk; or exactly: {EXACT_SIZE_HELP}.",
    ),
]
FramingOption = Annotated[Framing | None, typer.Option(help=FRAMING_HELP)]
DpiOption = Annotated[float | None, typer.Option(metavar="DPI", help=DPI_HELP)]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


def chosen_styles(stylizer: GraphStylizer | Stylizer, typed: Sequence[str] | None) -> list[str | Path]:
    """Return the styles that were typed: names of the network's own styles, or files, which exist."""
    from impasto.imaging import check_file

    if stylizer.styles:
        return list(typed or ())
    paths = [Path(name) for name in typed or ()]
    for path in paths:
        check_file(path)
    return list(paths)


def typed_settings(
    styles: Sequence[str | Path],
    mix: str | None,
    strength: float | None,
    stroke: float | None,
    **sizes: object,
) -> OnePassSettings:
    """Return the settings that were typed, with those of ``sizes``; raises RecipeError for impossible ones."""
    from impasto.feedforward.settings import OnePassSettings

    weights = read_mix(mix, max(1, len(styles)))
    given = {name: value for name, value in sizes.items() if value is not None}
    return OnePassSettings.make({"mix": weights, "strength": strength, "stroke": stroke, **given})


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
