"""Error messages and exit codes of exceptions."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from impasto.cli.console import one_line, print_status
from impasto.errors import (
    BAD_FILE,
    NO_MEMORY,
    PARTLY_FAILED,
    USAGE,
    DivergedError,
    ImpastoError,
    OutputError,
    PictureError,
    TooLargeError,
    describe_bug,
    is_out_of_memory,
)

# Errors of one picture among several; any other one is wrong with all of them, so it ends the command.
ONE_PICTURE_ERRORS = (PictureError, TooLargeError, DivergedError, OutputError)
BUG = 70
BROKEN_PIPE = 141
INTERRUPTED = 130


@dataclass(frozen=True)
class Failure:
    """The message for stderr (None for no message) and the exit code."""

    sentence: str | None
    code: int


def explain(error: BaseException) -> Failure:
    """Return message and exit code for any exception of a command."""
    if isinstance(error, ImpastoError):
        return _failure(str(error), error.exit_code)
    if isinstance(error, BrokenPipeError):
        return Failure(None, BROKEN_PIPE)
    if is_out_of_memory(error):
        return _failure("Memory ran out; use a smaller --size, or close other programs.", NO_MEMORY)
    if hasattr(error, "format_message"):  # errors of typer and click about the command line
        return _failure(_usage(error), USAGE)
    if isinstance(error, OSError):
        return _failure(_system(error), BAD_FILE)
    return _failure(f"{describe_bug(error)}; run with --debug for the traceback.", BUG)


def print_failed(failed: Sequence[tuple[Path | None, ImpastoError]]) -> None:
    """Print the pictures that failed and why."""
    for content, reason in failed:
        print_status(f"impasto: {content}: {one_line(str(reason))}")


def report_failed(failed: Sequence[tuple[Path | None, ImpastoError]]) -> None:
    """Print the pictures that failed and why; raise `typer.Exit` if there are any."""
    print_failed(failed)
    if failed:
        raise typer.Exit(PARTLY_FAILED)


def _failure(text: str, code: int) -> Failure:
    line = one_line(text)
    return Failure(line if line.endswith((".", "?", "!")) else f"{line}.", code)


def _usage(error: BaseException) -> str:
    message = str(error.format_message()).replace("Value error, ", "").rstrip(".")  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", "impasto")
    return f"{message}{'' if message.endswith('?') else '.'} See '{path} --help'."


def _system(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    prefix = f"'{error.filename}': " if error.filename is not None else ""
    advice = "; free some space and try again" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
    return f"{prefix}{reason}{advice}."
