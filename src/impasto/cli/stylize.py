"""``impasto stylize``: paint photographs in the style of paintings."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.console import print_status
from impasto.cli.failures import report_failed
from impasto.cli.fast import paint_fast, replay_fast
from impasto.cli.guide_options import GuideOptions, check_guides
from impasto.cli.guide_options import as_arguments as as_guide_arguments
from impasto.cli.inputs import Inputs, stored_inputs, typed_inputs
from impasto.cli.interrupt import Interrupted, Stop
from impasto.cli.naming import make_folder, target
from impasto.cli.options import OutputOptions, as_arguments, takes_recipe
from impasto.cli.session import Session
from impasto.errors import (
    DivergedError,
    ImpastoError,
    OutputError,
    PictureError,
    RecipeError,
    TooLargeError,
)
from impasto.optimize.presets import change_recipe, make_recipe
from impasto.optimize.recipe import Recipe
from impasto.provenance import Provenance, read_provenance

if TYPE_CHECKING:
    from impasto.guidance import Guides
    from impasto.optimize.checkpoint import Checkpoint

app = typer.Typer(add_completion=False)

# Errors that concern one photograph among several; other errors concern all of them.
SINGLE_PICTURE_ERRORS = (PictureError, TooLargeError, DivergedError, OutputError)


@dataclass(frozen=True)
class Request:
    """What to paint, with which settings, and where to.

    ``source`` is the picture of --from, ``resume_from`` the checkpoint of --resume.
    """

    recipe: Recipe
    inputs: Inputs
    guides: Guides
    output_options: OutputOptions
    out_dir: Path | None = None
    resume_from: Checkpoint | None = None
    source: Path | None = None


@app.command("stylize")
@takes_recipe("aspect", "seamless")
def stylize(
    pictures: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PHOTO... [PAINTING]",
            help="Photographs or folders of them; without --style the last one is the painting.",
            show_default=False,
        ),
    ] = None,
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
    replay: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="PICTURE",
            rich_help_panel="Main settings",
            help="Take the settings (and pictures, if none are given) from a picture made by impasto, or its .json.",
        ),
    ] = None,
    *,
    output_options: OutputOptions,
    guide_options: GuideOptions,
    settings: dict[str, Any],
) -> None:
    """Paint photographs in the style of a painting.

    impasto stylize PHOTO PAINTING, or impasto stylize PHOTO_OR_FOLDER... --style PAINTING [--style ANOTHER].
    Ctrl-C saves the picture so far and a checkpoint; a second one stops at once.
    """
    pictures, styles = list(pictures or []), list(style or [])
    with Stop(output_options.quiet) as stop:
        provenance = _provenance(replay, resume, fast)
        if provenance is not None and provenance.one_pass:
            replay_fast(provenance, pictures, styles, guide_options, output_options, out_dir, settings, stop)
        elif fast:
            inputs, guides = typed_inputs(pictures, styles), guide_options.guides()
            paint_fast(inputs, guides, output_options, out_dir, settings, stop)
        else:
            request = _request(pictures, styles, resume, provenance, output_options, guide_options, settings)
            _paint(replace(request, out_dir=out_dir), settings, stop)


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


def _check(request: Request) -> None:
    output_options = request.output_options
    if output_options.out is not None and request.out_dir is not None:
        raise RecipeError("--out and --out-dir both say where the picture goes; give one of them.")
    if len(request.inputs.contents) == 1:
        return
    count = len(request.inputs.contents)
    single_files = {
        "--out": output_options.out,
        "--timelapse": output_options.timelapse,
        "--checkpoint": output_options.checkpoint,
    }
    for option, value in single_files.items():
        if value is not None:
            advice = "use --out-dir" if option == "--out" else "paint one at a time"
            raise RecipeError(f"{option} is one file, but there are {count} photographs; {advice}.")


def _paint(request: Request, settings: dict[str, Any], stop: Stop) -> None:
    _check(request)
    if len(request.inputs.contents) == 1:
        _paint_one(request, request.inputs.contents[0], stop)
    else:
        _paint_all(request, settings, stop)


def _paint_one(request: Request, content: Path | None, stop: Stop) -> None:
    from impasto.imaging import check_file
    from impasto.painting import open_job

    for path in request.inputs.styles if content is None else (content, *request.inputs.styles):
        check_file(path)
    check_guides(request.guides)
    if request.out_dir is not None:
        make_folder(request.out_dir)
    names = [style.stem for style in request.inputs.styles]
    parts = [*names, "texture"] if content is None else [content.stem, *names]
    output = target(request.output_options.out, request.out_dir, parts)
    session = Session(
        request.output_options,
        output,
        stop,
        [*request.inputs.read_files, *request.guides.files],
        request.resume_from,
    )
    started = None if request.resume_from is None else request.resume_from.start_recipe
    styles = list(request.inputs.styles)
    session.paint(partial(open_job, request.recipe, content, styles, request.guides, start_recipe=started))


def _paint_all(request: Request, settings: dict[str, Any], stop: Stop) -> None:
    """Paint every content picture; errors of single pictures are reported at the end, with exit code 2."""
    from impasto.imaging import read_picture

    check_guides(request.guides, read=True)
    for style in request.inputs.styles:
        # A style that cannot be read concerns every photograph, so it ends the command before the first one.
        read_picture(style, longest=512)
    failed: list[tuple[Path | None, ImpastoError]] = []
    painted = 0
    for index, content in enumerate(request.inputs.contents):
        try:
            _paint_one(request, content, stop)
            painted += 1
        except SINGLE_PICTURE_ERRORS as error:
            failed.append((content, error))
        except ImpastoError as error:
            if not painted:
                raise
            failed.append((content, error))
        except Interrupted:
            _print_rest(request, settings, request.inputs.contents[index + 1 :])
            raise
    if not request.output_options.quiet:
        print_status(f"{painted} of {len(request.inputs.contents)} pictures painted.")
    report_failed(failed)


def _print_rest(request: Request, settings: dict[str, Any], rest: Sequence[Path | None]) -> None:
    """Print how to paint the photographs that are left after the one that was interrupted."""
    paths = [str(path) for path in rest if path is not None]
    if not paths:
        return
    arguments = [
        "impasto",
        "stylize",
        *as_arguments(settings),
        *(f"--style={style}" for style in request.inputs.styles),
        *as_guide_arguments(request.guides),
    ]
    if request.source is not None:
        arguments.append(f"--from={request.source}")
    if request.out_dir is not None:
        arguments.append(f"--out-dir={request.out_dir}")
    print_status(
        f"{len(paths)} photographs are left; paint them with: {shlex.join([*arguments, '--', *paths])}"
    )
