"""Progress of painting pictures in one pass: a bar on a terminal, and a line when graphs are built."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

from impasto.cli.console import print_status, wide_console


class PictureBar:
    """Context manager of a bar over pictures and the tiles of each, on a terminal unless `quiet`.

    One picture in one piece takes less time than the bar needs to appear, so it gets none.
    """

    def __init__(self, count: int, quiet: bool) -> None:
        self.count = count
        self.hidden = quiet or not sys.stderr.isatty()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> PictureBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, name: str, done: int, share: float) -> None:
        """Show the name of a picture, how many are done, and the share of this one that is."""
        if self.hidden or (self._bar is None and self.count == 1 and share in (0.0, 1.0)):
            return
        if self._bar is None:
            self._start()
        self._bar.update(self._task, description=name, completed=done + share)

    def _start(self) -> None:
        from rich.progress import Progress

        self._bar = Progress(
            console=wide_console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty()
        )
        self._task = self._bar.add_task("", total=self.count)
        self._bar.start()


def build_notice(network: str, quiet: bool) -> Callable[[int, int], None]:
    """Return the function that tells the user that graphs of a network are built."""

    def tell(number: int, total: int) -> None:
        if not quiet:
            print_status(
                f"Building graph {number} of {total} for '{network}', only once: later pictures start faster ..."
            )

    return tell
