"""Command-line options derived from `Recipe` and from dataclasses: the one place where signatures are built."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer

from impasto.optimize.panels import OTHER_PANEL, PANELS
from impasto.optimize.recipe import Recipe

METAVARS: Mapping[str, str] = {
    "content_layers": "LAYER:WEIGHT,...",
    "style_layers": "LAYER:WEIGHT,...",
    "scales": "SIDE:STEPS,...",
    "scale_steps": "STEPS,...",
    "fine_steps": "STEPS,...",
    "betas": "B1,B2",
    "mix": "GAMMA|W1,W2,...",
    "sigmas": "S1,S2,...",
    "colors": "style|content|0..1",
    "aspect": "W:H",
    "preset": "NAME",
    "encoder": "NAME",
    "device": "NAME",
    "weights": "FILE",
    "start_picture": "FILE",
}
LISTS = ("scale_steps", "fine_steps", "betas", "mix", "sigmas")
OUTPUT_PANEL, RUN_PANEL = "Output", "Run"


@dataclass(frozen=True)
class OutputOptions:
    """Where the picture goes and how the run is watched: the options of every command that paints."""

    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            rich_help_panel=OUTPUT_PANEL,
            help="Picture to write; the suffix decides.",
        ),
    ] = None
    bits: Annotated[
        int, typer.Option(rich_help_panel=OUTPUT_PANEL, help="Bits a channel: 8, or 16 for PNG and TIFF.")
    ] = 8
    jpeg_quality: Annotated[
        int,
        typer.Option(rich_help_panel=OUTPUT_PANEL, help="Quality of JPEG, WebP, AVIF and HEIC, 1 to 100."),
    ] = 95
    sidecar: Annotated[
        bool,
        typer.Option(rich_help_panel=OUTPUT_PANEL, help="Write the recipe beside the picture as <out>.json."),
    ] = True
    preview: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", rich_help_panel=RUN_PANEL, help="Keep the picture so far here, every second."
        ),
    ] = None
    timelapse: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=RUN_PANEL,
            help="Write an animation (.webp, .gif) of how it came about.",
        ),
    ] = None
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", rich_help_panel=RUN_PANEL, help="Save the state of the run here now and then."
        ),
    ] = None
    checkpoint_seconds: Annotated[float, typer.Option(hidden=True, min=0)] = 5.0
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", rich_help_panel=RUN_PANEL, help="Say nothing but errors.")
    ] = False


def recipe_parameters(leave_out: Collection[str] = ()) -> list[inspect.Parameter]:
    """Return one keyword parameter for each field of `Recipe`; None stands for the preset's own value."""
    panels = {name: panel for panel, names in PANELS.items() for name in names}
    found = []
    for name, field in Recipe.model_fields.items():
        if name in leave_out:
            continue
        kind = str if name in METAVARS else _kind(field.annotation)
        option = typer.Option(
            help=field.description, metavar=METAVARS.get(name), rich_help_panel=panels.get(name, OTHER_PANEL)
        )
        found.append(_keyword(name, Annotated[kind | None, option], None))
    return found


def group_parameters(group: type, leave_out: Collection[str] = ()) -> list[inspect.Parameter]:
    """Return one keyword parameter for each field of a dataclass such as `OutputOptions`."""
    parameters = inspect.signature(group, eval_str=True).parameters.values()
    return [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters if p.name not in leave_out]


def takes_recipe(*leave_out: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options of `Recipe`, and those of its parameters that are dataclasses.

    Both come without ``leave_out``. The command gets the settings that were given as the mapping ``settings``.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        taken = inspect.signature(function, eval_str=True).parameters
        groups: dict[str, Any] = {
            name: p.annotation for name, p in taken.items() if is_dataclass(p.annotation)
        }
        own = [p for name, p in taken.items() if name not in groups and name != "settings"]
        settings = recipe_parameters(leave_out)
        names = [parameter.name for parameter in settings]
        grouped = [p for group in groups.values() for p in group_parameters(group, leave_out)]

        def command(**given: Any) -> Any:
            given["settings"] = settings_of({name: given.pop(name) for name in names})
            for name, group in groups.items():
                values = {f.name: given.pop(f.name) for f in fields(group) if f.name not in leave_out}
                given[name] = group(**values)
            return function(**given)

        parameters = [*own, *grouped, *settings]
        command.__doc__ = function.__doc__
        command.__name__ = function.__name__
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return command

    return decorate


def settings_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that were given, with lists of numbers split at their commas."""
    return {
        name: tuple(value.split(",")) if name in LISTS else value
        for name, value in given.items()
        if value is not None
    }


def as_words(settings: Mapping[str, Any]) -> list[str]:
    """Return settings as command-line words that give the same settings again."""
    words = []
    for name, value in settings.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            text = ",".join(value) if isinstance(value, tuple) else str(value)
            words.append(f"--{flag}={text}")
    return words


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _kind(annotation: Any) -> Any:
    """Return what the terminal parses a field as: a choice, int, float, bool, or text."""
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return _kind(next(part for part in get_args(annotation) if part is not type(None)))
    if get_origin(annotation) is Literal or annotation in (int, float, bool):
        return annotation
    return str
