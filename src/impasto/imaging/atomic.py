"""Files that are either the old one or the whole new one, never half of it."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from impasto.errors import ImpastoError, OutputError


def check_place(path: str | os.PathLike[str]) -> Path:
    """Return `path` if a file can be put there now, before any work is spent on its content.

    Raises OutputError when the folder is missing or closed for writing, or when `path` is a folder, a device
    or a write-protected file.
    """
    target = Path(path)
    try:
        if target.is_dir():
            raise OutputError(f"'{target}' is a folder; give the name of a file.")
        if target.exists() and not target.is_file():
            raise OutputError(f"'{target}' is not an ordinary file and is left alone; give another name.")
        if not target.parent.is_dir():
            raise OutputError(f"The folder '{target.parent}' does not exist; create it or choose another.")
        if not os.access(_real(target).parent, os.W_OK | os.X_OK):
            raise OutputError(f"The folder '{_real(target).parent}' is not open for writing; choose another.")
        if target.exists() and not os.access(target, os.W_OK):
            raise OutputError(f"'{target}' is write-protected; give another name or allow writing.")
    except OutputError:
        raise
    except (OSError, ValueError) as error:  # a name that is too long, or has a NUL in it
        raise OutputError(f"'{str(target)!r}' cannot be a file name ({_reason(error)}).") from error
    return target


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield an empty temporary file beside `path`; on leaving it takes the place of `path` in one step.

    The temporary file is hidden, has the suffix of `path` and the permissions the umask gives. It is flushed
    to the disk before it is renamed. On any failure it is removed, the old file stays as it was, and an
    OSError becomes an OutputError. A symbolic link at `path` stays a link; the file it points to is replaced.
    """
    target = check_place(path)
    real = _real(target)
    # A short name of its own: the target's name may already be as long as the file system allows.
    temporary = real.with_name(f".impasto-{secrets.token_hex(8)}{real.suffix[:16]}")
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(real)
        _sync_folder(real.parent)
    except ImpastoError:
        raise
    except OSError as error:
        raise OutputError(f"'{target}' could not be written ({_reason(error)}).") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_bytes_atomic(path: str | os.PathLike[str], data: bytes) -> Path:
    """Put `data` into the file `path` in one step, as `atomic_write` does, and return the path."""
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)
    return Path(path)


def write_text_atomic(path: str | os.PathLike[str], text: str) -> Path:
    """Put `text` as UTF-8 into the file `path` in one step, as `atomic_write` does, and return the path."""
    return write_bytes_atomic(path, text.encode("utf-8"))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable; file systems that cannot sync a folder are let off."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
