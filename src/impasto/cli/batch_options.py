"""Options of ``impasto batch``, from the command line and from its configuration file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import typer

from impasto.cli.completion import complete_network
from impasto.cli.guide_options import GuideOptions
from impasto.errors import RecipeError
from impasto.optimize.parsing import NUMBER_LISTS
from impasto.optimize.recipe import Recipe

FILES, OUTPUT, RUN = "Pictures", "Output", "Run"


@dataclass(frozen=True)
class BatchOptions:
    """What is painted, where to, and how the run goes. None and False: not given."""

    style: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE|DIR|NAME",
            rich_help_panel=FILES,
            help="Style image, a folder of them, or a style of the network; give several to paint each. With --mix all "
            "are mixed.",
        ),
    ] = None
    manifest: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=FILES,
            help="Table of pictures, .csv or .jsonl: id, content, styles, and any setting.",
        ),
    ] = None
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SETTING=V1,V2,...",
            rich_help_panel=FILES,
            help="Paint every picture with each of these values, such as strength=0.2,0.5; several are combined.",
        ),
    ] = None
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE.toml", rich_help_panel=FILES, help="Take options from this file."),
    ] = None
    fast: Annotated[
        bool,
        typer.Option(
            "--fast", rich_help_panel="Main settings", help="Paint in one pass of a trained network."
        ),
    ] = False
    network: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            rich_help_panel="Main settings",
            help="Paint in one pass of this network.",
            autocompletion=complete_network,
        ),
    ] = None
    out_dir: Annotated[
        str | None,
        typer.Option(metavar="DIR|URL", rich_help_panel=OUTPUT, help="Folder for the pictures; created."),
    ] = None
    format: Annotated[
        str | None,
        typer.Option(
            metavar="SUFFIX",
            rich_help_panel=OUTPUT,
            help="png, jpg, webp, tiff, avif or heic.",
            show_default="png",
        ),
    ] = None
    bits: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=OUTPUT, help="Bits per channel: 8, or 16 for PNG and TIFF.", show_default="8"
        ),
    ] = None
    jpeg_quality: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=OUTPUT, help="Quality of JPEG, WebP, AVIF and HEIC, 1 to 100.", show_default="95"
        ),
    ] = None
    sidecar: Annotated[
        bool,
        typer.Option("--sidecar", rich_help_panel=OUTPUT, help="Write every recipe as <picture>.json, too."),
    ] = False
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="FILE", rich_help_panel=OUTPUT, help="Also write a contact sheet with labels."),
    ] = None
    report: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=OUTPUT,
            help="Table of what became of every picture, .csv or .jsonl.",
            show_default="DIR/report.csv",
        ),
    ] = None
    update: Annotated[
        bool,
        typer.Option(
            "--update", rich_help_panel=RUN, help="Repaint pictures of other settings or changed files."
        ),
    ] = False
    again: Annotated[bool, typer.Option("--again", rich_help_panel=RUN, help="Repaint all pictures.")] = False
    watch: Annotated[
        bool,
        typer.Option(
            "--watch", rich_help_panel=RUN, help="Then wait for new pictures in the folders; Ctrl-C ends it."
        ),
    ] = False
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="local|auto|HOST:PORT",
            rich_help_panel=RUN,
            help="Paint with Ray: on all cores of this machine, or on the machines of a cluster.",
        ),
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, rich_help_panel=RUN, help="Workers of --cluster.", show_default="one a core, or one a GPU"
        ),
    ] = None
    as_json: Annotated[
        bool, typer.Option("--json", rich_help_panel=RUN, help="Print the report as JSON instead of names.")
    ] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", rich_help_panel=RUN, help="Print errors only.")] = (
        False
    )


@dataclass(frozen=True)
class BatchRequest:
    """Everything that was asked for: the command line's options, completed by those of the configuration."""

    contents: tuple[str, ...]
    options: BatchOptions
    guides: GuideOptions
    settings: Mapping[str, Any]
    variations: Mapping[str, Sequence[Any]]


def batch_request(
    contents: Sequence[str], options: BatchOptions, guides: GuideOptions, settings: Mapping[str, Any]
) -> BatchRequest:
    """Return the request; what is typed has priority over the configuration. Raises `RecipeError`, `PictureError`."""
    variations = _typed_variations(options.vary or ())
    if options.config is None:
        return BatchRequest(tuple(contents), options, guides, settings, variations)
    from impasto.batch.config import read_config

    allowed = [f.name for group in (BatchOptions, GuideOptions) for f in fields(group)]
    allowed = [name for name in allowed if name not in ("config", "as_json", "quiet", "watch")]
    stored = read_config(options.config, ["content", *allowed, *Recipe.model_fields])
    stored_vary = {str(name).replace("-", "_"): value for name, value in stored.pop("vary", {}).items()}
    _check_variations(stored_vary)
    content = stored.pop("content", [])
    content = content if isinstance(content, list) else [content]
    if not all(isinstance(name, str) for name in content):
        raise RecipeError(f"'{options.config}' has content = {content!r}; give names of files or folders.")
    options = _completed(options, stored, options.config)
    guides = _completed(guides, stored, options.config or Path())
    if contents or options.manifest is None:
        contents = contents or content
    return BatchRequest(
        tuple(contents), options, guides, {**stored, **settings}, {**stored_vary, **variations}
    )


def _completed(group: Any, stored: dict[str, Any], source: Path) -> Any:
    """Return a group of options with values of the configuration, taken out of ``stored``, where none was typed."""
    hints = get_type_hints(type(group))
    changes = {}
    for field in fields(group):
        if field.name not in stored:
            continue
        value = stored.pop(field.name)
        kinds = get_args(hints[field.name]) or (hints[field.name],)
        kind = next(part for part in kinds if part is not type(None))
        if getattr(kind, "__origin__", None) is list:
            value = list(value) if isinstance(value, list) else [value]
            (element,) = get_args(kind)
            value = [_typed(part, element, field.name, source) for part in value]
        else:
            value = _typed(value, kind, field.name, source)
        typed = getattr(group, field.name)
        if typed is None or typed is False:  # not 0, which may have been typed
            changes[field.name] = value
    return replace(group, **changes)


def _typed(value: Any, kind: type, name: str, source: Path) -> Any:
    expected = str if kind is Path else kind
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        raise RecipeError(
            f"'{source}' has {name.replace('_', '-')} = {value!r}; give a value like {_example(expected)}."
        )
    return Path(str(value)) if kind is Path else value


def _example(kind: type) -> str:
    return {str: '"text"', int: "8", bool: "true"}.get(kind, kind.__name__)


def _typed_variations(texts: Sequence[str]) -> dict[str, list[Any]]:
    """Return the values of ``SETTING=V1,V2``; values of settings that are lists are separated by semicolons."""
    variations: dict[str, list[Any]] = {}
    for text in texts:
        name, separator, values = text.partition("=")
        field = name.strip().replace("-", "_")
        parts = [part.strip() for part in values.split(";" if field in NUMBER_LISTS else ",")]
        if not separator or not all(parts):
            raise RecipeError(f"--vary is SETTING=VALUE,VALUE,..., as in strength=0.2,0.5, not '{text}'.")
        if field in variations:
            raise RecipeError(f"--vary names {name} twice; give all its values at once.")
        variations[field] = [tuple(part.split(",")) if field in NUMBER_LISTS else part for part in parts]
    _check_variations(variations)
    return variations


def _check_variations(variations: Mapping[str, Any]) -> None:
    from impasto.errors import unknown

    for name, values in variations.items():
        if name not in Recipe.model_fields:
            raise RecipeError(unknown("setting to vary", name, Recipe.model_fields))
        if not isinstance(values, list) or not values:
            raise RecipeError(f"The values of {name} to vary are a list, not {values!r}.")
        if len({str(value) for value in values}) < len(values):
            raise RecipeError(f"{name} is varied with a value twice; give every value once.")
