"""The command ``impasto studio``: impasto in the browser."""

from __future__ import annotations

import re
from pathlib import Path

import typer

from impasto.cli.console import print_result, print_status
from impasto.cli.studio_options import (
    DataOption,
    DeviceOption,
    HostOption,
    KeepOption,
    NoOpenOption,
    PortOption,
    RebuildOption,
    TokenOption,
)
from impasto.errors import MissingExtraError, RecipeError

app = typer.Typer(add_completion=False)

_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*(MB|GB|TB)", re.IGNORECASE)
_UNITS = {"mb": 1e6, "gb": 1e9, "tb": 1e12}


@app.command("studio")
def studio(
    host: HostOption = "127.0.0.1",
    port: PortOption = 7878,
    data: DataOption = None,
    token: TokenOption = None,
    device: DeviceOption = None,
    keep: KeepOption = "2GB",
    rebuild: RebuildOption = False,
    no_open: NoOpenOption = False,
) -> None:
    """Open impasto in the browser: a page with live previews and a queue, and an HTTP API.

    Ctrl-C saves the progress of running jobs; the next start resumes them.
    """
    try:
        from impasto.studio import Limits, StudioSettings, serve
    except ModuleNotFoundError as error:
        raise MissingExtraError("The studio", "studio") from error
    settings = StudioSettings(
        data if data is not None else _data_folder(),
        host,
        port,
        token,
        tuple(device or ("auto",)),
        Limits(history_bytes=_parse_size(keep)),
        rebuild,
    )

    def started(url: str) -> None:
        print_result(url)
        print_status("impasto: the studio is open; Ctrl-C closes it.")

    serve(
        settings,
        print_url=started,
        report=lambda sentence: print_status(f"impasto: {sentence}"),
        browser=not no_open,
    )


def _data_folder() -> Path:
    from platformdirs import user_data_path

    return user_data_path("impasto") / "studio"


def _parse_size(text: str) -> int:
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise RecipeError(f"--keep is a size such as 500MB or 5GB, not '{text}'.")
    return int(float(match[1]) * _UNITS[match[2].lower()])
