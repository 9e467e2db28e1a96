"""``impasto reconstruct``: reconstruction of an image from the features of a layer."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from impasto.cli.everyday_help import EverydayCommand
from impasto.cli.interrupt import Stop
from impasto.cli.naming import target
from impasto.cli.options import OutputOptions, takes_recipe
from impasto.cli.session import Session
from impasto.errors import RecipeError
from impasto.optimize.parsing import parse_layers
from impasto.optimize.presets import make_recipe

app = typer.Typer(add_completion=False)


@app.command("reconstruct", cls=EverydayCommand)
@takes_recipe(
    "content_layers",
    "style_layers",
    "style_loss",
    "gram",
    "style_weight",
    "strength",
    "hold",
    "stroke",
    "aspect",
    "mix",
    "balance",
    "sigmas",
    "blend",
    "share",
    "colors",
    "color_method",
    "color_space",
    "seamless",
)
def reconstruct(
    content: Annotated[
        Path, typer.Argument(metavar="CONTENT", help="Image to reconstruct.", show_default=False)
    ],
    layer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LAYER", help="Layer to reconstruct from, or LAYER:WEIGHT; may be repeated. [relu4_1]"
        ),
    ] = None,
    *,
    output_options: OutputOptions,
    settings: dict[str, Any],
) -> None:
    """Reconstruct an image from the features of a layer of the encoder.

    The result has the same features at that layer. It starts from noise unless --start or --start-picture is given.
    """
    from impasto.imaging import check_file
    from impasto.painting import default_start, open_job

    try:
        layers = parse_layers(",".join(layer or ["relu4_1"]))
    except ValueError as error:
        raise RecipeError(f"--layer: {error}.") from None
    if settings.get("start") == "style":
        raise RecipeError(
            "A reconstruction has no style to start from; use --start noise, content or picture."
        )
    start = {} if "start_picture" in settings else default_start(has_content=True, has_styles=False)
    recipe = make_recipe(**{**start, **settings, "content_layers": layers, "hold": False})
    check_file(content)
    with Stop(output_options.quiet) as stop:
        output = target(output_options.out, None, [content.stem, *layers])
        Session(output_options, output, stop, [content]).paint(partial(open_job, recipe, content, []))
