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
the message and exits with code 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ImpastoError(Exception):
    """Base class of impasto's errors; the message is one sentence for the user."""

    exit_code = 2


class InputError(ImpastoError, ValueError):
    """An input cannot be used."""


class PictureError(InputError):
    """A file or array cannot be read as a picture."""


class RecipeError(InputError):
    """A setting is unknown or impossible."""


class ResumeError(InputError):
    """A checkpoint is damaged or belongs to another run."""


class OutputError(ImpastoError, OSError):
    """A result cannot be written."""


class WeightsError(ImpastoError):
    """Weights are missing, damaged or not the expected ones."""


class MissingExtraError(ImpastoError, ImportError):
    """An optional dependency is not installed; the message contains the install command."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional part: pip install 'impasto[{extra}]'.")
        self.extra = extra


class TooLargeError(ImpastoError):
    """The plan does not fit into memory; the message proposes a size that does."""


class DivergedError(ImpastoError):
    """The optimisation diverged repeatedly, even with smaller learning rates."""


def unknown(kind: str, given: object, allowed: Iterable[str]) -> str:
    """Return "Unknown <kind> 'x'; did you mean 'y'? Allowed: ..." for an error message."""
    names = sorted(allowed)
    close = difflib.get_close_matches(str(given), names, n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return f"Unknown {kind} '{given}'.{hint} Allowed: {', '.join(names)}."
