"""Terminal output: results go to stdout, progress and notes to stderr."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

MOST_CHARACTERS = 400


def print_result(text: str) -> None:
    """Print one line to stdout without wrapping; characters that the terminal cannot show are escaped."""
    _print(text, sys.stdout)


def print_status(text: str) -> None:
    """Print one line to stderr without wrapping."""
    _print(text, sys.stderr)


def print_note(text: str) -> None:
    """Print a note to stderr: information that does not stop the command."""
    print_status(f"impasto: note: {one_line(text)}")


def print_json(value: Any) -> None:
    """Print a value as JSON to stdout."""
    print_result(json.dumps(value, indent=2, default=str))


def one_line(text: str) -> str:
    """Return ``text`` as one line of at most `MOST_CHARACTERS`, shortened in the middle."""
    line = " ".join(text.split())
    if len(line) <= MOST_CHARACTERS:
        return line
    half = (MOST_CHARACTERS - 5) // 2
    return f"{line[:half]} ... {line[-half:]}"


def duration(seconds: float) -> str:
    """Format seconds for people: ``0.4 s``, ``12 s``, ``3 min 20 s``, ``1 h 5 min``."""
    if seconds < 1:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def wide_console(stderr: bool = False) -> Console:
    """Return a rich console; if the output is no terminal, it is wide enough for every table cell."""
    from rich.console import Console

    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, width=200)


def _print(text: str, stream: TextIO) -> None:
    encoding = stream.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=True)
