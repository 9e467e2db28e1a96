"""From an exception to one sentence and an exit code."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from impasto.cli.console import one_line
from impasto.errors import ImpastoError

BAD_INPUT = 2
BUG = 70
BROKEN_PIPE = 141
INTERRUPTED = 130


@dataclass(frozen=True)
class Failure:
    """What to say on stderr (None: nothing) and the exit code."""

    sentence: str | None
    code: int


def explain(error: BaseException) -> Failure:
    """Return the sentence and exit code for anything that a command raises."""
    if isinstance(error, ImpastoError):
        return _failure(str(error), error.exit_code)
    if isinstance(error, BrokenPipeError):
        return Failure(None, BROKEN_PIPE)
    if _out_of_memory(error):
        return _failure("Memory ran out; use a smaller --size, or close other programs.", BAD_INPUT)
    if hasattr(error, "format_message"):  # typer's and click's own errors about how the command was typed
        return _failure(_usage(error), BAD_INPUT)
    if isinstance(error, OSError):
        return _failure(_system(error), BAD_INPUT)
    what = f"{type(error).__name__}: {error}".removesuffix(": ").rstrip(".")
    return _failure(f"impasto hit a bug: {one_line(what)[:300]}; run with --debug for the traceback.", BUG)


def _failure(text: str, code: int) -> Failure:
    line = one_line(text)
    return Failure(line if line.endswith((".", "?", "!")) else f"{line}.", code)


def _out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    # Torch's allocator for the processor has no exception of its own.
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def _usage(error: BaseException) -> str:
    message = str(error.format_message()).replace("Value error, ", "").rstrip(".")  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", "impasto")
    return f"{message}{'' if message.endswith('?') else '.'} See '{path} --help'."


def _system(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    where = f"'{error.filename}': " if error.filename is not None else ""
    advice = "; make room and try again" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
    return f"{where}{reason}{advice}."
