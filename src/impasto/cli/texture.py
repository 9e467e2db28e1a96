"""``impasto texture``: a texture of a style, at any size and aspect ratio."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from impasto.cli.everyday_help import EverydayCommand
from impasto.cli.guide_options import GuideOptions, check_guides
from impasto.cli.interrupt import Stop
from impasto.cli.naming import target
from impasto.cli.options import OutputOptions, takes_recipe
from impasto.cli.session import Session
from impasto.errors import RecipeError
from impasto.optimize.presets import make_recipe

app = typer.Typer(add_completion=False)


@app.command("texture", cls=EverydayCommand)
@takes_recipe(
    "content_layers",
    "content_loss",
    "content_weight",
    "strength",
    "hold",
    "colors",
    "color_method",
    "color_space",
    "protect",
)
def texture(
    styles: Annotated[list[Path], typer.Argument(metavar="STYLE...", help="Style image; several are mixed.")],
    *,
    output_options: OutputOptions,
    guide_options: GuideOptions,
    settings: dict[str, Any],
) -> None:
    """Paint a texture of a style, at any size and aspect ratio.

    It starts from noise in the colours of the style unless --start or --start-picture is given.
    """
    from impasto.imaging import check_file
    from impasto.painting import default_start, open_job

    if settings.get("start") == "content":
        raise RecipeError(
            "A texture has no content image to start from; use --start style, noise or picture."
        )
    start = {} if "start_picture" in settings else default_start(has_content=False, has_styles=True)
    recipe = make_recipe(**{**start, **settings})
    for style in styles:
        check_file(style)
    guides = guide_options.guides()
    check_guides(guides)
    with Stop(output_options.quiet) as stop:
        output = target(output_options.out, None, [*(style.stem for style in styles), "texture"])
        session = Session(output_options, output, stop, [*styles, *guides.files])
        session.paint(partial(open_job, recipe, None, styles, guides))
