"""What became of a command's pictures: their names, or a report as JSON (``--json``), on stdout."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import typer

from impasto.cli.console import one_line, print_json, print_result
from impasto.cli.failures import explain
from impasto.cli.interrupt import Interrupted
from impasto.errors import RecipeError


class JsonReport:
    """Context manager that prints the pictures added to it, and the error that ended the command, if ``enabled``.

    ``stdin`` is the file that holds the picture from stdin. With ``binary``, stdout is a picture and gets no text.
    """

    def __init__(
        self, command: str, enabled: bool, *, stdin: Path | None = None, binary: bool = False
    ) -> None:
        if enabled and binary:
            raise RecipeError("--json and --out - both write to stdout; leave one of them out.")
        self.command, self.enabled, self.stdin, self.binary = command, enabled, stdin, binary
        self.pictures: list[dict[str, Any]] = []
        self.extra: dict[str, Any] = {}

    def __enter__(self) -> JsonReport:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.enabled:
            return
        report: dict[str, Any] = {"command": self.command, "exit_code": exit_code(error)}
        if error is not None and not isinstance(error, Interrupted | typer.Exit):
            report["error"] = {"kind": type(error).__name__, "message": explain(error).sentence}
        print_json({**report, **self.extra, "pictures": self.pictures})

    def print_name(self, path: Path) -> None:
        """Print the name of a finished picture, unless stdout is for something else."""
        if not self.enabled and not self.binary:
            print_result(str(path))

    def seal(self, provenance: dict[str, Any], key: str | None) -> None:
        """Store the digest of the request in a picture's provenance; a picture from stdin has no path."""
        if key is not None:
            provenance["request"] = key
        if self.stdin is not None and provenance.get("content") == str(self.stdin.resolve()):
            provenance["content"] = "stdin"

    def add(
        self,
        state: str,
        content: Path | str | None,
        styles: list[str],
        out: Path | None,
        *,
        result: Any = None,
        error: Exception | None = None,
    ) -> None:
        """Add a picture: painted, finished, interrupted or failed. ``result`` gives its size and seconds."""
        row: dict[str, Any] = {
            "state": state,
            "content": None if content is None else "stdin" if content == self.stdin else str(content),
            "styles": styles,
            "out": None if out is None else str(out),
        }
        if result is not None:
            height, width = result.pixels.shape[2:]
            row |= {"width": int(width), "height": int(height), "seconds": round(result.seconds, 3)}
        if error is not None:
            row |= {"error_kind": type(error).__name__, "error": one_line(str(error))}
        self.pictures.append(row)


def exit_code(error: BaseException | None) -> int:
    """Return the code with which a command ends that raised ``error``."""
    if error is None:
        return 0
    if isinstance(error, Interrupted):
        return error.code
    if isinstance(error, typer.Exit):
        return int(error.exit_code)
    return explain(error).code
