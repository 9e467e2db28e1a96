"""Ctrl-C and SIGTERM: the first stops a run after its current step, the second stops it immediately."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):  # noqa: N818 (this is not an error)
    """A signal stopped the run; ``code`` is the exit code, 128 + signal."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by signal {number}")
        self.code = 128 + number


class Stop:
    """Context manager that records a stop signal; ``number`` is the signal's, or 0 if there was none.

    Signals that were ignored before (nohup) stay ignored. Outside the main thread it does nothing.
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
        """Raise `Interrupted` if a signal was received."""
        if self.number:
            raise Interrupted(self.number)

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 (the signature is signal's)
        if self.number:
            raise KeyboardInterrupt
        self.number = number
        if not self.quiet:
            # Not print: the signal may have interrupted one.
            os.write(2, b"\nimpasto: stopping after this step; press Ctrl-C again to stop immediately.\n")
