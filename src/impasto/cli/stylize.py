"""``impasto stylize``: paint photographs in the style of paintings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from impasto.cli.cluster import ClusterOptions
from impasto.cli.everyday_help import EverydayCommand
from impasto.cli.fast import Places, paint_fast, replay_fast
from impasto.cli.guide_options import GuideOptions
from impasto.cli.inputs import stored_inputs, typed_inputs
from impasto.cli.interrupt import Stop
from impasto.cli.json_report import JsonReport
from impasto.cli.options import OutputOptions, RepeatOptions, takes_recipe
from impasto.cli.paint_photographs import Request, paint_photographs
from impasto.cli.piped import Piped, with_output
from impasto.errors import RecipeError
from impasto.optimize.presets import change_recipe, make_recipe
from impasto.optimize.recipe import Recipe
from impasto.provenance import Provenance, read_provenance

app = typer.Typer(add_completion=False)

PicturesArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="PHOTO... [PAINTING]",
        help="Photographs or folders of them; without --style the last one is the painting.",
        show_default=False,
    ),
]
ReplayOption = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="PICTURE",
        rich_help_panel="Main settings",
        help="Take the settings (and pictures, if none are given) from a picture made by impasto, or its .json.",
    ),
]


@app.command("stylize", cls=EverydayCommand)
@takes_recipe("aspect", "seamless")
def stylize(
    pictures: PicturesArgument = None,
    style: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Painting; give several to mix them.", show_default=False),
    ] = None,
    out_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", rich_help_panel="Output", help="Folder for the pictures; created."),
    ] = None,
    fast: Annotated[
        bool,
        typer.Option(
            "--fast", rich_help_panel="Main settings", help="Paint in one pass of a trained network."
        ),
    ] = False,
    resume: Annotated[
        Path | None, typer.Option(metavar="FILE", rich_help_panel="Run", help="Resume from this checkpoint.")
    ] = None,
    replay: ReplayOption = None,
    *,
    output_options: OutputOptions,
    repeat_options: RepeatOptions,
    cluster_options: ClusterOptions,
    guide_options: GuideOptions,
    settings: dict[str, Any],
) -> None:
    """Paint photographs in the style of a painting.

    impasto stylize PHOTO PAINTING, or impasto stylize PHOTO_OR_FOLDER... --style PAINTING [--style ANOTHER].
    Of several photographs, those whose pictures are finished are left alone. Ctrl-C saves the picture so far and a
    checkpoint; a second one stops at once. - is stdin for a photograph, and stdout (a PNG) for --out. --cluster spreads
    the tiles of a large picture.
    """
    styles = list(style or [])
    with (
        Piped(pictures or [], output_options.out) as piped,
        JsonReport(
            "stylize", repeat_options.as_json, stdin=piped.stdin, binary=piped.stdout is not None
        ) as report,
        Stop(output_options.quiet) as stop,
    ):
        photographs, output_options = piped.pictures, with_output(output_options, piped)
        provenance = _provenance(replay, resume, fast)
        _check_cluster(cluster_options, fast or (provenance is not None and provenance.one_pass))
        places = Places(output_options, out_dir, repeat_options.again, report)
        if provenance is not None and provenance.one_pass:
            replay_fast(provenance, photographs, styles, guide_options, places, settings, stop)
        elif fast:
            paint_fast(typed_inputs(photographs, styles), guide_options.guides(), places, settings, stop)
        else:
            request = _request(
                photographs, styles, resume, provenance, output_options, guide_options, settings
            )
            changed = replace(request, out_dir=out_dir, again=repeat_options.again, report=report)
            changed = replace(changed, cluster_options=cluster_options)
            paint_photographs(changed, settings, stop)


def _check_cluster(options: ClusterOptions, in_one_pass: bool) -> None:
    """Raise `RecipeError` for options of a cluster that the painting cannot have."""
    options.check()
    if in_one_pass and options.cluster is not None:
        raise RecipeError(
            "--cluster spreads the tiles of a picture that is painted by optimisation; leave it out, or paint many"
            " pictures with 'impasto batch --cluster'."
        )


def _provenance(replay: Path | None, resume: Path | None, fast: bool) -> Provenance | None:
    """Return the provenance in the picture of --from, checked against the options it excludes."""
    if resume is not None and (fast or replay is not None):
        raise RecipeError("--resume brings its own settings; leave --from and --fast out.")
    if replay is None:
        return None
    provenance = read_provenance(replay)
    if fast and not provenance.one_pass:
        raise RecipeError(f"'{replay}' was not painted in one pass; leave --fast or --from out.")
    return provenance


def _request(
    pictures: list[Path],
    styles: list[Path],
    resume: Path | None,
    provenance: Provenance | None,
    output_options: OutputOptions,
    guide_options: GuideOptions,
    settings: dict[str, Any],
) -> Request:
    """Return the typed request, completed with the settings and files of the checkpoint or of the picture of --from."""
    if resume is not None:
        from impasto.optimize.checkpoint import read_checkpoint, same_recipe

        checkpoint = read_checkpoint(resume)
        same_recipe(checkpoint, Recipe.make({**checkpoint.recipe.to_json(), **settings}))
        if output_options.checkpoint is None:
            output_options = replace(output_options, checkpoint=resume)
        inputs = stored_inputs(checkpoint.input_names, pictures, styles, resume)
        return Request(
            checkpoint.recipe,
            inputs,
            guide_options.guides_or(checkpoint.input_names, resume),
            output_options,
            resume_from=checkpoint,
        )
    if provenance is not None:
        source = provenance.source
        inputs = stored_inputs(provenance.images, pictures, styles, source)
        guides = guide_options.guides_or(provenance.images, source)
        return Request(_replayed(provenance, settings), inputs, guides, output_options, source=source)
    return Request(
        make_recipe(**settings), typed_inputs(pictures, styles), guide_options.guides(), output_options
    )


def _replayed(provenance: Provenance, settings: dict[str, Any]) -> Recipe:
    """Return the recipe in a picture, changed by what was typed."""
    fields = provenance.recipe
    preset = fields.get("preset", "impasto")
    if not isinstance(preset, str):
        raise RecipeError(
            f"'{provenance.source}' names {preset!r} as its preset, which is no name; give another file."
        )
    if settings.get("preset", preset) != preset:
        raise RecipeError(
            "--from brings every setting, so that --preset has nothing to set; leave one of them out."
        )
    return change_recipe(fields, **settings)
