"""``impasto export``: a network as an ONNX file for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.console import note, say, tell
from impasto.cli.naming import check_distinct
from impasto.cli.network_options import (
    MixOption,
    ModelArgument,
    QuietOption,
    StrengthOption,
    StrokeOption,
    StyleOption,
    amounts,
    chosen_styles,
    open_named,
    read_mix,
    told,
)
from impasto.errors import RecipeError

if TYPE_CHECKING:
    from impasto.feedforward.catalogue import Model

app = typer.Typer(add_completion=False)


@app.command("export")
def export(
    model: ModelArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT.onnx", help="File to write.", show_default=False)],
    style: StyleOption = None,
    mix: MixOption = None,
    strength: StrengthOption = None,
    stroke: StrokeOption = None,
    style_predictor: Annotated[
        Path | None,
        typer.Option(
            metavar="CODER.onnx",
            help="Write there what makes codes of paintings, too (networks for any style).",
            show_default=False,
        ),
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Write a network as an ONNX file, for browsers, phones and other programs.

    The file takes pictures of any size. The style is inside; of a network for any style, without --style, the style's
    code is an input, which the file of --coder makes of a painting. Files are compared with the network before they
    are kept.
    """
    from impasto.feedforward.catalogue import find_model, identity_style_params
    from impasto.feedforward.export.network import check_export, export_network

    check_export(out)
    if style_predictor is not None:
        check_export(style_predictor)
    check_distinct(
        [find_model(model)], {"OUT.onnx": out, **({"--coder": style_predictor} if style_predictor else {})}
    )
    opened = open_named(model)
    styles = chosen_styles(opened, style)
    if style_predictor is not None and (styles or opened.names):
        raise RecipeError(
            "--coder is for a network for any style whose code is an input; leave --coder or --style out."
        )
    found = amounts(opened, strength, stroke)
    inside = bool(styles or opened.names)
    if inside:
        weights = read_mix(mix, max(1, len(styles)))
        style_params = opened.style_params(styles, weights, **told(opened, found))
    else:
        style_params = identity_style_params(opened.styled.network)
        if not quiet:
            note("no --style was given, so the style's code is an input of the file")
    card = _card(opened, [str(s) for s in styles], found, inside)
    difference = export_network(out, opened.styled.network, style_params, card, inside=inside)
    if not quiet:
        say(str(out))
        tell(f"Compared with torch at five sizes: the largest difference is {difference:.1g}.")
    if style_predictor is not None:
        _write_coder(style_predictor, opened, quiet)


def _write_coder(path: Path, model: Model, quiet: bool) -> None:
    from impasto.feedforward.catalogue import AnyStyle
    from impasto.feedforward.export.predictor import export_style_predictor

    assert isinstance(model.styled, AnyStyle)  # what else has no styles of its own
    difference = export_style_predictor(path, model.styled.style_predictor, _card(model, [], {}, False))
    if not quiet:
        say(str(path))
        tell(f"Its codes differ from torch's by {difference:.1g} at most.")


def _card(model: Model, styles: list[str], settings: dict[str, float], inside: bool) -> dict[str, Any]:
    """Return what the file says of itself: the network's own card, and what was made of it."""
    from impasto import __version__

    made = {"painted_style": [Path(s).stem for s in styles or model.names], **settings} if inside else {}
    return {**model.card, "version": __version__, "multiple": 1, **made}
