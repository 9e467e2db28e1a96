"""Command-line options derived from the fields of `Recipe` and of dataclasses."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer

from impasto.cli.completion import completion_of
from impasto.cli.everyday_help import HELP_ALL
from impasto.errors import RecipeError
from impasto.optimize.panels import OTHER_PANEL, PANELS
from impasto.optimize.parsing import NUMBER_LISTS
from impasto.optimize.recipe import Recipe
from impasto.settings import OneOf

METAVARS: Mapping[str, str] = {
    "content_layers": "LAYER:WEIGHT,...",
    "style_layers": "LAYER:WEIGHT,...",
    "scales": "SIDE:STEPS,...",
    "scale_steps": "STEPS,...",
    "fine_steps": "STEPS,...",
    "decay_every": "STEPS,...",
    "betas": "B1,B2",
    "mix": "GAMMA|W1,W2,...",
    "sigmas": "S1,S2,...",
    "colors": "style|content|0..1",
    "size": "SIZE",
    "canvas": "WIDTHxHEIGHT",
    "aspect": "W:H",
    "preset": "NAME",
    "encoder": "NAME",
    "device": "NAME",
    "weights": "FILE",
    "start_picture": "FILE",
}
OUTPUT_PANEL, RUN_PANEL = "Output", "Run"


@dataclass(frozen=True)
class OutputOptions:
    """Options of every command that paints: the output, and the files written during the run."""

    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            rich_help_panel=OUTPUT_PANEL,
            help="Picture to write; the suffix sets the format.",
        ),
    ] = None
    bits: Annotated[
        int, typer.Option(rich_help_panel=OUTPUT_PANEL, help="Bits per channel: 8, or 16 for PNG and TIFF.")
    ] = 8
    jpeg_quality: Annotated[
        int,
        typer.Option(rich_help_panel=OUTPUT_PANEL, help="Quality of JPEG, WebP, AVIF and HEIC, 1 to 100."),
    ] = 95
    sidecar: Annotated[
        bool,
        typer.Option(
            rich_help_panel=OUTPUT_PANEL, help="Write the recipe next to the picture as <out>.json."
        ),
    ] = True
    preview: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=RUN_PANEL,
            help="Write the current picture to this file every second.",
        ),
    ] = None
    timelapse: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=RUN_PANEL,
            help="Write an animation of the run (.webp, .gif, .mp4).",
        ),
    ] = None
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=RUN_PANEL,
            help="Save the state of the run to this file every few seconds.",
        ),
    ] = None
    checkpoint_seconds: Annotated[float, typer.Option(hidden=True, min=0)] = 5.0
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", rich_help_panel=RUN_PANEL, help="Print errors only.")
    ] = False


@dataclass(frozen=True)
class RepeatOptions:
    """Options of a command that paints several pictures and may be repeated."""

    again: Annotated[
        bool,
        typer.Option(
            "--again",
            rich_help_panel=RUN_PANEL,
            help="Of several photographs, also paint those that are finished.",
        ),
    ] = False
    as_json: Annotated[
        bool,
        typer.Option("--json", rich_help_panel=RUN_PANEL, help="Print a report as JSON instead of names."),
    ] = False


def recipe_parameters(leave_out: Collection[str] = ()) -> list[inspect.Parameter]:
    """Return one keyword parameter per field of `Recipe`; None stands for the preset's value."""
    panels = {name: panel for panel, names in PANELS.items() for name in names}
    parameters = []
    for name, field in Recipe.model_fields.items():
        if name in leave_out:
            continue
        kind = str if name in METAVARS else _option_type(field.annotation, field.metadata)
        option = typer.Option(
            help=field.description,
            metavar=METAVARS.get(name),
            rich_help_panel=panels.get(name, OTHER_PANEL),
            autocompletion=completion_of(name),
        )
        parameters.append(_keyword(name, Annotated[kind | None, option], None))
    return parameters


def group_parameters(group: type, leave_out: Collection[str] = ()) -> list[inspect.Parameter]:
    """Return one keyword parameter per field of a dataclass such as `OutputOptions`."""
    parameters = inspect.signature(group, eval_str=True).parameters.values()
    return [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters if p.name not in leave_out]


def takes_recipe(*leave_out: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that adds the options of `Recipe`, and of the command's dataclass parameters, to a command.

    Fields in ``leave_out`` get no option. The command receives the given settings as the mapping ``settings``.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        taken = inspect.signature(function, eval_str=True).parameters
        groups: dict[str, Any] = {
            name: p.annotation for name, p in taken.items() if is_dataclass(p.annotation)
        }
        others = [p for name, p in taken.items() if name not in groups and name != "settings"]
        settings = recipe_parameters(leave_out)
        names = [parameter.name for parameter in settings]
        grouped = [p for group in groups.values() for p in group_parameters(group, leave_out)]

        def command(**given: Any) -> Any:
            given.pop("help_all", None)
            given["settings"] = settings_of({name: given.pop(name) for name in names})
            for name, group in groups.items():
                values = {f.name: given.pop(f.name) for f in fields(group) if f.name not in leave_out}
                given[name] = group(**values)
            return function(**given)

        help_all = _keyword("help_all", Annotated[bool, HELP_ALL], False)
        parameters = [*others, *grouped, *settings, help_all]
        command.__doc__ = function.__doc__
        command.__name__ = function.__name__
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return command

    return decorate


def settings_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that are not None, with lists of numbers split at commas."""
    return {
        name: tuple(value.split(",")) if name in NUMBER_LISTS else value
        for name, value in given.items()
        if value is not None
    }


def as_arguments(settings: Mapping[str, Any]) -> list[str]:
    """Return command-line arguments that give the same settings."""
    arguments = []
    for name, value in settings.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            arguments.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            text = ",".join(value) if isinstance(value, tuple) else str(value)
            arguments.append(f"--{flag}={text}")
    return arguments


def output_arguments(output: OutputOptions) -> list[str]:
    """Return command-line arguments that give the same output options, except the files of a single picture."""
    default = OutputOptions()
    arguments = []
    if output.bits != default.bits:
        arguments.append(f"--bits={output.bits}")
    if output.jpeg_quality != default.jpeg_quality:
        arguments.append(f"--jpeg-quality={output.jpeg_quality}")
    if not output.sidecar:
        arguments.append("--no-sidecar")
    if output.preview:
        arguments.append(f"--preview={output.preview}")
    if output.quiet:
        arguments.append("--quiet")
    return arguments


def check_jpeg_quality(quality: int) -> int:
    """Return the quality of lossy formats; raises `RecipeError` unless it is from 1 to 100."""
    if not 1 <= quality <= 100:
        raise RecipeError(f"--jpeg-quality is a whole number from 1 to 100, not {quality}.")
    return quality


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _option_type(annotation: Any, metadata: Sequence[Any] = ()) -> Any:
    """Return the type that the command line parses a field as: a choice, int, float, bool, or text."""
    for item in metadata:
        if isinstance(item, OneOf):
            return Literal[tuple(item.names)]
    if get_origin(annotation) is Annotated:
        return _option_type(annotation.__origin__, annotation.__metadata__)
    if get_origin(annotation) in (Union, UnionType):
        return _option_type(next(part for part in get_args(annotation) if part is not type(None)))
    if get_origin(annotation) is Literal or annotation in (int, float, bool):
        return annotation
    return str
