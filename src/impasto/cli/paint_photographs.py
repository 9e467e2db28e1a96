"""Painting one or several photographs by optimisation: which are finished, errors of single ones, interruptions."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.cli.cluster import ClusterOptions, spread_tiles, tile_spread, with_tiles
from impasto.cli.console import print_status
from impasto.cli.failures import ONE_PICTURE_ERRORS, print_failed, report_failed
from impasto.cli.guide_options import as_arguments as as_guide_arguments
from impasto.cli.guide_options import check_guides
from impasto.cli.inputs import Inputs
from impasto.cli.interrupt import Interrupted, Stop
from impasto.cli.json_report import JsonReport
from impasto.cli.naming import default_path, finished, make_folder, target
from impasto.cli.options import OutputOptions, as_arguments, output_arguments
from impasto.cli.session import Session
from impasto.errors import ImpastoError, RecipeError
from impasto.optimize.recipe import Recipe

if TYPE_CHECKING:
    from impasto.batch import Digests
    from impasto.cluster import TileSpread
    from impasto.guidance import Guides
    from impasto.optimize import Job
    from impasto.optimize.checkpoint import Checkpoint
    from impasto.painting import OpenModels


@dataclass(frozen=True)
class Request:
    """What to paint, with which settings, and where to.

    ``source`` is the picture of --from, ``resume_from`` the checkpoint of --resume. ``again`` also paints photographs
    among several whose pictures are finished.
    """

    recipe: Recipe
    inputs: Inputs
    guides: Guides
    output_options: OutputOptions
    out_dir: Path | None = None
    resume_from: Checkpoint | None = None
    source: Path | None = None
    again: bool = False
    report: JsonReport = field(default_factory=lambda: JsonReport("stylize", False))
    cluster_options: ClusterOptions = field(default_factory=ClusterOptions)


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


def paint_photographs(request: Request, settings: dict[str, Any], stop: Stop) -> None:
    """Paint the photographs of a request; of several, those that are finished are left alone.

    ``settings`` are the typed ones, for the command that paints the rest. Raises what is wrong with a single
    photograph, `typer.Exit` if some of several failed, and `Interrupted` after a signal.
    """
    from impasto.batch import Digests
    from impasto.painting import OpenModels

    _check(request)
    with tile_spread(request.cluster_options, request.output_options.quiet) as spread:
        tools = _Tools(Digests(), OpenModels(), spread)
        if spread is not None and request.resume_from is None:
            request = replace(request, recipe=with_tiles(request.recipe))
        if len(request.inputs.contents) == 1:
            _paint_one(request, request.inputs.contents[0], stop, tools, skip=False)
        else:
            _paint_all(request, settings, stop, tools)


@dataclass(frozen=True)
class _Tools:
    """What the photographs of one command share."""

    digests: Digests
    models: OpenModels
    spread: TileSpread | None = None


def _paint_one(request: Request, content: Path | None, stop: Stop, tools: _Tools, *, skip: bool) -> bool:
    """Paint a photograph; with ``skip``, return False if it is finished already."""
    from impasto.imaging import check_file
    from impasto.painting import open_job

    for path in request.inputs.styles if content is None else (content, *request.inputs.styles):
        check_file(path)
    check_guides(request.guides)
    if request.out_dir is not None:
        make_folder(request.out_dir)
    names = [style.stem for style in request.inputs.styles]
    parts = [*names, "texture"] if content is None else [content.stem, *names]
    key = None if content is None else _request_key(request, content, tools.digests)
    if skip and key is not None:
        found = finished(default_path(request.out_dir, parts), key)
        if found is not None:
            request.report.add("finished", content, [str(style) for style in request.inputs.styles], found)
            return False
    session = Session(
        request.output_options,
        target(request.output_options.out, request.out_dir, parts),
        stop,
        [*request.inputs.read_files, *request.guides.files],
        request.resume_from,
        key,
        request.report,
        request.cluster_options.arguments,
    )
    started = None if request.resume_from is None else request.resume_from.start_recipe
    styles = list(request.inputs.styles)

    def open_one() -> Job:
        job = open_job(
            request.recipe, content, styles, request.guides, start_recipe=started, models=tools.models
        )
        return job if tools.spread is None else spread_tiles(job, tools.spread)

    session.paint(open_one)
    return True


def _request_key(request: Request, content: Path, digests: Digests) -> str:
    """Return the digest of what decides the picture of a photograph, with the size that it sets."""
    from impasto.batch import request_key
    from impasto.optimize.pictures import sized

    return request_key(
        digests,
        sized(request.recipe, content).to_json(),
        content=str(content),
        styles=[str(style) for style in request.inputs.styles],
        guides=request.guides.to_json(),
        bits=request.output_options.bits,
    )


def _paint_all(request: Request, settings: dict[str, Any], stop: Stop, tools: _Tools) -> None:
    """Paint every content picture; errors of single pictures are reported at the end."""
    from impasto.imaging import read_picture

    check_guides(request.guides, read=True)
    for style in request.inputs.styles:
        # A style that cannot be read concerns every photograph, so it ends the command before the first one.
        read_picture(style, longest=512)
    styles = [str(style) for style in request.inputs.styles]
    failed: list[tuple[Path | None, ImpastoError]] = []
    painted = skipped = 0
    for index, content in enumerate(request.inputs.contents):
        try:
            if _paint_one(request, content, stop, tools, skip=not request.again):
                painted += 1
            else:
                skipped += 1
        except ImpastoError as error:
            if not isinstance(error, ONE_PICTURE_ERRORS) and not painted and not skipped:
                raise
            failed.append((content, error))
            request.report.add("failed", content, styles, None, error=error)
        except Interrupted:
            print_failed(failed)
            _print_rest(request, settings, request.inputs.contents[index + 1 :])
            raise
    if not request.output_options.quiet:
        there = f", {skipped} were there already (--again paints them again)" if skipped else ""
        print_status(f"{painted} of {len(request.inputs.contents)} pictures painted{there}.")
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
        *request.cluster_options.arguments,
        *output_arguments(request.output_options),
    ]
    if request.source is not None:
        arguments.append(f"--from={request.source}")
    if request.out_dir is not None:
        arguments.append(f"--out-dir={request.out_dir}")
    print_status(
        f"{len(paths)} photographs are left; paint them with: {shlex.join([*arguments, '--', *paths])}"
    )
