"""Every error that impasto raises on purpose.

    ImpastoError                  the message is one sentence fit to show a person
    +-- InputError                something given to impasto cannot be used
    |   +-- PictureError          a file or array that cannot be read as a picture
    |   +-- RecipeError           an unknown or impossible setting
    |   +-- ResumeError           a checkpoint that does not fit or is damaged
    +-- OutputError               a result cannot be written where it was asked for
    +-- WeightsError              encoder weights are missing, damaged or not what they claim
    +-- MissingExtraError         an optional dependency is not installed
    +-- TooLargeError             the plan does not fit into memory
    +-- DivergedError             the optimisation found no finite way on

Each message says what was wrong, what was given, what is allowed and what to do next. The command
line prints it alone and leaves with exit code 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ImpastoError(Exception):
    """Base of every error that impasto raises on purpose; its message is one sentence for people."""

    exit_code = 2


class InputError(ImpastoError, ValueError):
    """Something given to impasto cannot be used."""


class PictureError(InputError):
    """A file or array cannot be read as a picture."""


class RecipeError(InputError):
    """A setting is unknown or impossible."""


class ResumeError(InputError):
    """A checkpoint is damaged or belongs to another run."""


class OutputError(ImpastoError, OSError):
    """A result cannot be written where it was asked for."""


class WeightsError(ImpastoError):
    """Encoder weights are missing, damaged or not what they claim to be."""


class MissingExtraError(ImpastoError, ImportError):
    """An optional dependency is not installed; the message carries the install command."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional part: pip install 'impasto[{extra}]'.")
        self.extra = extra


class TooLargeError(ImpastoError):
    """The plan does not fit into memory; the message proposes one that does."""


class DivergedError(ImpastoError):
    """The optimisation found no finite way on, even with smaller steps."""


def unknown(kind: str, given: object, allowed: Iterable[str]) -> str:
    """Return "Unknown <kind> 'x'; did you mean 'y'? Allowed: ..." for an error message."""
    names = sorted(allowed)
    close = difflib.get_close_matches(str(given), names, n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return f"Unknown {kind} '{given}'.{hint} Allowed: {', '.join(names)}."
