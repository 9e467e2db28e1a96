"""``impasto export``: a network as an ONNX file for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.console import print_note, print_result, print_status
from impasto.cli.naming import check_distinct
from impasto.cli.network_options import (
    MixOption,
    ModelArgument,
    QuietOption,
    StrengthOption,
    StrokeOption,
    StyleOption,
    chosen_styles,
    typed_settings,
)
from impasto.errors import RecipeError

if TYPE_CHECKING:
    from impasto.feedforward.settings import OnePassSettings
    from impasto.feedforward.stylizer import Stylizer

app = typer.Typer(add_completion=False)


@app.command("export")
def export(
    model: ModelArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT.onnx", help="File to write.", show_default=False)],
    style: StyleOption = None,
    mix: MixOption = None,
    strength: StrengthOption = None,
    stroke: StrokeOption = None,
    predictor: Annotated[
        Path | None,
        typer.Option(
            metavar="PREDICTOR.onnx",
            help="Write the style predictor there, too (networks for any style).",
            show_default=False,
        ),
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Write a network as an ONNX file, for browsers, phones and other programs.

    The file takes pictures of any size. The style is inside. For a network for any style without --style, the style
    parameters are inputs; the file of --predictor computes them from a style picture. Each file is compared with the
    network before it is kept.
    """
    from impasto.feedforward.export.network import check_export, export_network
    from impasto.feedforward.network_card import find_model
    from impasto.feedforward.open_network import identity_style_params
    from impasto.feedforward.stylizer import Stylizer

    check_export(out)
    if predictor is not None:
        check_export(predictor)
    outputs = {"OUT.onnx": out, **({"--predictor": predictor} if predictor else {})}
    check_distinct([find_model(model)], outputs)
    stylizer = Stylizer(model, device="cpu")
    styles = chosen_styles(stylizer, style)
    inside = bool(styles or stylizer.styles)
    if predictor is not None and inside:
        raise RecipeError(
            "--predictor is for a network for any style whose style parameters are inputs; leave --predictor or"
            " --style out."
        )
    settings = stylizer.resolve(typed_settings(styles, mix, strength, stroke))
    if inside:
        style_params = stylizer.style_params(styles, settings)
    else:
        style_params = identity_style_params(stylizer.model.network)
        if not quiet:
            print_note("no --style was given, so the style parameters are inputs of the file")
    card = _card(stylizer, styles, settings if inside else None)
    difference = export_network(out, stylizer.model.network, style_params, card, inside=inside)
    if not quiet:
        print_result(str(out))
        print_status(f"Compared with torch at five sizes: the largest difference is {difference:.1g}.")
    if predictor is not None:
        _write_predictor(predictor, stylizer, quiet)


def _write_predictor(path: Path, stylizer: Stylizer, quiet: bool) -> None:
    from impasto.feedforward.export.predictor import export_style_predictor
    from impasto.feedforward.open_network import AnyStyle

    source = stylizer.model
    assert isinstance(source, AnyStyle)  # the only kind without styles of its own
    difference = export_style_predictor(path, source.style_predictor, _card(stylizer, [], None))
    if not quiet:
        print_result(str(path))
        print_status(f"Its style parameters differ from torch's by {difference:.1g} at most.")


def _card(stylizer: Stylizer, styles: list[str | Path], settings: OnePassSettings | None) -> dict[str, Any]:
    """Return the metadata of the file: the network's own card, and the ``settings`` of a style that is inside."""
    from impasto import __version__

    card = {**stylizer.model.card, "version": __version__, "multiple": 1}
    if settings is not None:
        names = [Path(style).stem for style in styles or stylizer.styles]
        controls = settings.model_dump(include={"strength", "stroke"}, exclude_none=True)
        card |= {"painted_style": names, **controls}
    return card
