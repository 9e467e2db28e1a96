"""The command ``impasto studio``: impasto in the browser."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import typer

from impasto.cli.console import print_result, print_status
from impasto.cli.studio_options import (
    AllowedHostOption,
    ClipLengthOption,
    ClipSizeOption,
    DataOption,
    DeviceOption,
    HostOption,
    KeepOption,
    LogFormatOption,
    LogLevelOption,
    NoOpenOption,
    PortOption,
    RebuildOption,
    RootPathOption,
    TokenFileOption,
    TokenOption,
    TrustedProxyOption,
)
from impasto.errors import MissingExtraError, RecipeError

app = typer.Typer(add_completion=False)

Choice = TypeVar("Choice", bound=str)
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
    clip_size: ClipSizeOption = "500MB",
    clip_length: ClipLengthOption = 600.0,
    token_file: TokenFileOption = None,
    allowed_host: AllowedHostOption = None,
    root_path: RootPathOption = "",
    trusted_proxy: TrustedProxyOption = None,
    log_level: LogLevelOption = "warning",
    log_format: LogFormatOption = "text",
    rebuild: RebuildOption = False,
    no_open: NoOpenOption = False,
) -> None:
    """Open impasto in the browser: a page with live previews and a queue, and an HTTP API.

    Ctrl-C saves the progress of running jobs; the next start resumes them.
    """
    try:
        from impasto.studio import Limits, StudioSettings, serve
        from impasto.studio.logs import LOG_FORMATS, LOG_LEVELS, set_up_logs
    except ModuleNotFoundError as error:
        raise MissingExtraError("The studio", "studio") from error
    settings = StudioSettings(
        data if data is not None else _data_folder(),
        host,
        port,
        _token(token, token_file),
        tuple(device or ("auto",)),
        Limits(
            history_bytes=_parse_size("--keep", keep),
            clip_bytes=_parse_size("--clip-size", clip_size),
            clip_seconds=clip_length,
        ),
        rebuild,
        tuple(allowed_host or ()),
        root_path,
        tuple(trusted_proxy or ()),
    )
    set_up_logs(
        _one_of("--log-level", log_level, LOG_LEVELS), _one_of("--log-format", log_format, LOG_FORMATS)
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


def _token(token: str | None, file: Path | None) -> str | None:
    """Return the token: from a file or the environment, where other users of the machine do not see it."""
    if token is not None and file is not None:
        raise RecipeError("--token and --token-file both give the token; leave one out.")
    if file is None:
        return token if token is not None else os.environ.get("IMPASTO_TOKEN") or None
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise RecipeError(f"The token file '{file}' cannot be read ({reason}); give another.") from error


def _one_of(option: str, value: str, allowed: Sequence[Choice]) -> Choice:
    for choice in allowed:
        if choice == value:
            return choice
    raise RecipeError(f"{option} is one of {', '.join(allowed)}, not '{value}'.")


def _parse_size(option: str, text: str) -> int:
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise RecipeError(f"{option} is a size such as 500MB or 5GB, not '{text}'.")
    return int(float(match[1]) * _UNITS[match[2].lower()])
