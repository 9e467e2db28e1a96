"""Errors of impasto.

    ImpastoError                  the message is one sentence for the user
    +-- InputError                an input cannot be used
    |   +-- PictureError          a file or array cannot be read as a picture
    |   +-- RecipeError           a setting is unknown or impossible
    |   +-- ResumeError           a checkpoint is damaged or belongs to another run
    +-- OutputError               a result cannot be written
    +-- WeightsError              weights are missing, damaged or not the expected ones
    +-- MissingExtraError         an optional dependency is not installed
    +-- TooLargeError             the plan does not fit into memory
    +-- DivergedError             the optimisation diverged and could not recover

Each message says what is wrong, which value was given, what is allowed and what to do next. The command line prints
the message and exits with the error's code (`USAGE` and the others below).
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable

# Exit codes of the command line that scripts can tell apart; docs/batch.md lists them.
USAGE = 2
BAD_FILE = 3
NO_MEMORY = 4
PARTLY_FAILED = 5
NOT_INSTALLED = 6


class ImpastoError(Exception):
    """Base class of impasto's errors; the message is one sentence for the user."""

    exit_code = USAGE


class InputError(ImpastoError, ValueError):
    """An input cannot be used."""


class PictureError(InputError):
    """A file or array cannot be read as a picture."""

    exit_code = BAD_FILE


class RecipeError(InputError):
    """A setting is unknown or impossible."""


class ResumeError(InputError):
    """A checkpoint is damaged or belongs to another run."""

    exit_code = BAD_FILE


class OutputError(ImpastoError, OSError):
    """A result cannot be written."""

    exit_code = BAD_FILE


class WeightsError(ImpastoError):
    """Weights are missing, damaged or not the expected ones."""

    exit_code = BAD_FILE


class MissingExtraError(ImpastoError, ImportError):
    """An optional dependency is not installed; the message contains the install command."""

    exit_code = NOT_INSTALLED

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional part: pip install 'impasto[{extra}]'.")
        self.extra = extra


class TooLargeError(ImpastoError):
    """The plan does not fit into memory; the message proposes a size that does."""

    exit_code = NO_MEMORY


class DivergedError(ImpastoError):
    """The optimisation diverged repeatedly, even with smaller learning rates."""


def unknown(kind: str, given: object, allowed: Iterable[str]) -> str:
    """Return "Unknown <kind> 'x'; did you mean 'y'? Allowed: ..." for an error message."""
    names = sorted(allowed)
    close = difflib.get_close_matches(str(given), names, n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return f"Unknown {kind} '{given}'.{hint} Allowed: {', '.join(names)}."


def is_disk_full(error: BaseException | None) -> bool:
    """Return whether a full disk or an exhausted quota caused an error, directly or as the cause of its causes."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if getattr(error, "sqlite_errorname", None) == "SQLITE_FULL":
            return True
        error = error.__cause__ or error.__context__
    return False


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether memory ran out, that of the processor or of a GPU."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    # Torch's CPU allocator has no exception type of its own.
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def describe_bug(error: BaseException, text: str | None = None) -> str:
    """Return "impasto hit a bug: ZeroDivisionError: division by zero", one line without a full stop.

    ``text`` takes the place of the error's own words.
    """
    words = " ".join((str(error) if text is None else text).split())[:300].rstrip(". ")
    return f"impasto hit a bug: {type(error).__name__}{f': {words}' if words else ''}"
