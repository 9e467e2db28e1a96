"""Ctrl-C and SIGTERM: the first asks a run to stop after its step, the second stops at once."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):  # noqa: N818 (nothing went wrong)
    """The run was stopped by a signal after its state was saved; ``code`` is the exit code, 128 + signal."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by signal {number}")
        self.code = 128 + number


class Stop:
    """Whether a signal asked to stop: ``number`` is 0 or the signal's. Use as a context manager.

    A signal that was ignored before (nohup) stays ignored. Outside the main thread nothing is watched.
    """

    def __init__(self, quiet: bool = False) -> None:
        self.number = 0
        self.quiet = quiet
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Stop:
        if threading.current_thread() is threading.main_thread():
            for name in SIGNALS:
                if signal.getsignal(name) != signal.SIG_IGN:
                    self._before[name] = signal.signal(name, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, handler in self._before.items():
            signal.signal(name, handler)

    def check(self) -> None:
        """Raise `Interrupted` if a signal came."""
        if self.number:
            raise Interrupted(self.number)

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 (the signature is signal's)
        if self.number:
            raise KeyboardInterrupt
        self.number = number
        if not self.quiet:
            # Not print: the signal may have come in the middle of one.
            os.write(2, b"\nimpasto: stopping after this step; once more stops at once.\n")
