"""Pictures from stdin and to stdout: ``-`` as the name of the photograph or of the output."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

from impasto.cli.options import OutputOptions
from impasto.errors import OutputError, PictureError, RecipeError

DASH = Path("-")
MOST_BYTES = 1 << 30


class Piped:
    """Context manager that puts files in the place of ``-``; the output is copied to stdout at the end.

    ``suffix`` is the format of an output on stdout. ``stdin`` and ``stdout`` are the files, None where there is no
    ``-``. Raises `PictureError` for an empty stdin, and `RecipeError` if it is asked for twice.
    """

    def __init__(self, pictures: Sequence[Path], out: Path | None, suffix: str = ".png") -> None:
        self._given, self._out = list(pictures), out
        self._suffix = suffix
        self._scratch = TemporaryDirectory(prefix="impasto-")
        self.stdin: Path | None = None
        self.stdout: Path | None = None

    def __enter__(self) -> Piped:
        folder = Path(self._scratch.name)
        try:
            if self._given.count(DASH) > 1:
                raise RecipeError("- is stdin, which holds one picture; give it once.")
            if DASH in self._given:
                self.stdin = _spooled(folder / "stdin")
            if self._out == DASH:
                if sys.stdout.isatty():
                    raise OutputError(
                        "--out - writes the picture to stdout, which is a terminal; redirect it."
                    )
                self.stdout = folder / f"stdout{self._suffix}"
        except BaseException:
            self._scratch.cleanup()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._scratch:
            # An interrupted run has saved its picture as well.
            if self.stdout is not None and self.stdout.exists():
                sys.stdout.flush()
                with self.stdout.open("rb") as file:
                    shutil.copyfileobj(file, sys.stdout.buffer)
                sys.stdout.buffer.flush()

    @property
    def pictures(self) -> list[Path]:
        """The pictures, with a file for ``-``."""
        return [self.stdin if path == DASH and self.stdin else path for path in self._given]

    @property
    def out(self) -> Path | None:
        """The output, with a file for ``-``."""
        return self.stdout or self._out


def with_output(options: OutputOptions, piped: Piped) -> OutputOptions:
    """Return the options with the file for ``-``, beside which no recipe is written."""
    if piped.stdout is None:
        return options
    return replace(options, out=piped.stdout, sidecar=False)


def _spooled(path: Path) -> Path:
    """Write stdin to a file and return it."""
    if sys.stdin is None or sys.stdin.isatty():
        raise PictureError("- reads the picture from stdin, which is a terminal; pipe a picture into it.")
    with path.open("wb") as file:
        left = MOST_BYTES
        while data := sys.stdin.buffer.read(min(1 << 20, left + 1)):
            left -= len(data)
            if left < 0:
                raise PictureError("The picture on stdin is over 1 GB; save it as a file.")
            file.write(data)
    if left == MOST_BYTES:
        raise PictureError("stdin is empty (0 bytes); pipe a picture into it.")
    return path
