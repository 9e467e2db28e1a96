"""Command-line options made of the settings of a training."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import typer
from pydantic import BaseModel

PhotosOption = Annotated[Path, typer.Option(metavar="DIR", help="Folder of photographs.", show_default=False)]
OutOption = Annotated[
    Path,
    typer.Option("--out", "-o", metavar="FILE", help="File to write (.safetensors).", show_default=False),
]
PreviewsOption = Annotated[
    bool,
    typer.Option("--previews/--no-previews", help="Paint a held-out photograph every two minutes."),
]

NO_METAVARS: Mapping[str, str] = MappingProxyType({})


def takes_settings(
    kind: type[BaseModel], metavars: Mapping[str, str] = NO_METAVARS
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option for each field of `kind`; those that were typed it gets as ``given``."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        parameters = inspect.signature(function, eval_str=True).parameters
        own = [p for name, p in parameters.items() if name != "given"]
        options = []
        for name, field in kind.model_fields.items():
            option = typer.Option(
                help=field.description,
                metavar=metavars.get(name),
                show_default=False if field.default is None else str(field.default),
                rich_help_panel="Training",
            )
            kind_of_value: Any = field.annotation
            annotation = Annotated[kind_of_value | None, option]
            keyword = inspect.Parameter.KEYWORD_ONLY
            options.append(inspect.Parameter(name, keyword, default=None, annotation=annotation))

        def command(**values: Any) -> None:
            settings = {name: values.pop(name) for name in kind.model_fields}
            function(**values, given={name: value for name, value in settings.items() if value is not None})

        command.__doc__ = function.__doc__
        command.__signature__ = inspect.Signature([*own, *options])  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in (*own, *options)}
        return command

    return decorate
