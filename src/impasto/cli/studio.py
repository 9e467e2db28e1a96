"""``impasto studio``: impasto in the browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from impasto.cli.console import say, tell
from impasto.errors import MissingExtraError, RecipeError

app = typer.Typer(add_completion=False)

_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*(MB|GB|TB)", re.IGNORECASE)
_UNITS = {"mb": 1e6, "gb": 1e9, "tb": 1e12}


@app.command("studio")
def studio(
    host: Annotated[
        str, typer.Option(metavar="NAME", help="Where to listen; other machines get in only with --token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes any free one.")] = 7878,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for pictures and queue; else the user's own.", show_default=False
        ),
    ] = None,
    token: Annotated[
        str | None, typer.Option(metavar="WORD", help="What clients have to know.", show_default=False)
    ] = None,
    device: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="cpu, cuda, cuda:1 ...; each paints one job.", show_default=False),
    ] = None,
    keep: Annotated[
        str, typer.Option(metavar="SIZE", help="How large the history may grow, e.g. 500MB or 5GB.")
    ] = "2GB",
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the browser.")] = False,
) -> None:
    """Open impasto in the browser: a page with a queue, live previews, and an HTTP interface.

    Ctrl-C saves where running jobs are; the next start goes on with them.
    """
    try:
        from impasto.studio import Limits, StudioSettings, serve
    except ModuleNotFoundError as error:
        raise MissingExtraError("The studio", "studio") from error
    settings = StudioSettings(
        data if data is not None else _folder(),
        host,
        port,
        token,
        tuple(device or ("auto",)),
        Limits(history_bytes=_bytes(keep)),
    )

    def started(url: str) -> None:
        say(url)
        tell("impasto: the studio is open; Ctrl-C closes it.")

    serve(settings, say=started, browser=not no_open)


def _folder() -> Path:
    from platformdirs import user_data_path

    return user_data_path("impasto") / "studio"


def _bytes(text: str) -> int:
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise RecipeError(f"--keep is a size such as 500MB or 5GB, not '{text}'.")
    return int(float(found[1]) * _UNITS[found[2].lower()])
