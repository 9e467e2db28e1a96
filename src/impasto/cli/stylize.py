"""``impasto stylize``: paint photographs in the style of paintings."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.console import one_line, tell
from impasto.cli.failures import BAD_INPUT
from impasto.cli.fast import paint_fast, replay_fast
from impasto.cli.guide_options import GuideOptions, check_guides
from impasto.cli.guide_options import as_words as as_guide_words
from impasto.cli.inputs import Inputs, stored_inputs, typed_inputs
from impasto.cli.interrupt import Interrupted, Stop
from impasto.cli.naming import make_folder, target
from impasto.cli.options import OutputOptions, as_words, takes_recipe
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
from impasto.painting import Provenance, read_provenance

if TYPE_CHECKING:
    from impasto.guidance import Guides
    from impasto.imaging import Picture
    from impasto.optimize.checkpoint import Checkpoint

app = typer.Typer(add_completion=False)

# What can be wrong with one photograph among several; anything else is wrong with all of them.
OF_ONE_PICTURE = (PictureError, TooLargeError, DivergedError, OutputError)


@dataclass(frozen=True)
class Order:
    """Everything that was asked for, read and checked; ``source`` is the picture that settings come from."""

    recipe: Recipe
    inputs: Inputs
    guides: Guides
    how: OutputOptions
    out_dir: Path | None = None
    saved: Checkpoint | None = None
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
        Path | None, typer.Option(metavar="FILE", rich_help_panel="Run", help="Go on from this checkpoint.")
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
    how: OutputOptions,
    places: GuideOptions,
    settings: dict[str, Any],
) -> None:
    """Paint photographs in the style of a painting.

    impasto stylize PHOTO PAINTING, or impasto stylize PHOTO_OR_FOLDER... --style PAINTING [--style ANOTHER].
    Ctrl-C saves the picture so far and a checkpoint; a second one stops at once.
    """
    words, styles = list(pictures or []), list(style or [])
    with Stop(how.quiet) as stop:
        provenance = _provenance(replay, resume, fast)
        if provenance is not None and provenance.one_pass:
            replay_fast(provenance, words, styles, places, how, out_dir, settings, stop)
            return
        if fast:
            paint_fast(typed_inputs(words, styles), places.guides(), how, out_dir, settings, stop)
            return
        order = replace(_order(words, styles, resume, provenance, how, places, settings), out_dir=out_dir)
        _check(order)
        if len(order.inputs.contents) == 1:
            _paint_one(order, order.inputs.contents[0], order.inputs.styles, stop)
        else:
            _paint_all(order, settings, stop)


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


def _order(
    words: list[Path],
    styles: list[Path],
    resume: Path | None,
    provenance: Provenance | None,
    how: OutputOptions,
    places: GuideOptions,
    settings: dict[str, Any],
) -> Order:
    """Return what was asked for: typed, or with the settings and pictures of a checkpoint or a picture."""
    if resume is not None:
        from impasto.optimize.checkpoint import read_checkpoint, same_recipe

        saved = read_checkpoint(resume)
        same_recipe(saved, Recipe.make({**saved.recipe.to_json(), **settings}))
        how = how if how.checkpoint is not None else replace(how, checkpoint=resume)
        inputs = stored_inputs(saved.inputs, words, styles, resume)
        return Order(saved.recipe, inputs, places.guides_or(saved.inputs, resume), how, saved=saved)
    if provenance is not None:
        source = provenance.source
        inputs = stored_inputs(provenance.images, words, styles, source)
        guides = places.guides_or(provenance.images, source)
        return Order(_replayed(provenance, settings), inputs, guides, how, source=source)
    return Order(make_recipe(**settings), typed_inputs(words, styles), places.guides(), how)


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


def _check(order: Order) -> None:
    how = order.how
    if how.out is not None and order.out_dir is not None:
        raise RecipeError("--out and --out-dir both say where the picture goes; give one of them.")
    if len(order.inputs.contents) == 1:
        return
    count = len(order.inputs.contents)
    single_files = {"--out": how.out, "--timelapse": how.timelapse, "--checkpoint": how.checkpoint}
    for option, value in single_files.items():
        if value is not None:
            advice = "use --out-dir" if option == "--out" else "paint one at a time"
            raise RecipeError(f"{option} is one file, but there are {count} photographs; {advice}.")


def _paint_one(order: Order, content: Path | None, styles: Sequence[Path | Picture], stop: Stop) -> None:
    from impasto.imaging import check_file
    from impasto.optimize import open_job

    for path in order.inputs.styles if content is None else (content, *order.inputs.styles):
        check_file(path)
    check_guides(order.guides)
    if order.out_dir is not None:
        make_folder(order.out_dir)
    names = [style.stem for style in order.inputs.styles]
    parts = [*names, "texture"] if content is None else [content.stem, *names]
    place = target(order.how.out, order.out_dir, parts)
    session = Session(order.how, place, stop, [*order.inputs.paths, *order.guides.files], order.saved)
    session.paint(partial(open_job, order.recipe, content, list(styles), order.guides))


def _paint_all(order: Order, settings: dict[str, Any], stop: Stop) -> None:
    """Paint every content; what is wrong with one is said at the end, with exit code 2."""
    from impasto.imaging import read_picture
    from impasto.optimize.pictures import longest_style_side

    check_guides(order.guides, read=True)
    longest = longest_style_side(order.recipe.size, order.recipe.stroke)
    styles = [read_picture(style, longest=longest) for style in order.inputs.styles]
    failed: list[tuple[Path | None, ImpastoError]] = []
    painted = 0
    for index, content in enumerate(order.inputs.contents):
        try:
            _paint_one(order, content, styles, stop)
            painted += 1
        except OF_ONE_PICTURE as error:
            failed.append((content, error))
        except ImpastoError as error:
            if not painted:
                raise
            failed.append((content, error))
        except Interrupted:
            _tell_rest(order, settings, order.inputs.contents[index + 1 :])
            raise
    if not order.how.quiet:
        tell(f"{painted} of {len(order.inputs.contents)} pictures painted.")
    for content, why in failed:
        tell(f"impasto: {content}: {one_line(str(why))}")
    if failed:
        raise typer.Exit(BAD_INPUT)


def _tell_rest(order: Order, settings: dict[str, Any], rest: Sequence[Path | None]) -> None:
    """Say how to paint the photographs that are left after the one that was interrupted."""
    paths = [str(path) for path in rest if path is not None]
    if not paths:
        return
    words = [
        "impasto",
        "stylize",
        *as_words(settings),
        *(f"--style={style}" for style in order.inputs.styles),
        *as_guide_words(order.guides),
    ]
    if order.source is not None:
        words.append(f"--from={order.source}")
    if order.out_dir is not None:
        words.append(f"--out-dir={order.out_dir}")
    tell(f"{len(paths)} photographs are left; paint them with: {shlex.join([*words, '--', *paths])}")
