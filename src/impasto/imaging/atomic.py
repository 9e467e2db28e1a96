"""Atomic file writes: a file has either its old content or all of its new content."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from impasto.errors import ImpastoError, OutputError


def free_bytes(folder: Path) -> int:
    """Return the free bytes of the disk that holds ``folder``."""
    return shutil.disk_usage(folder).free


def check_place(path: str | os.PathLike[str]) -> Path:
    """Return `path` if a file can be written there; call it before expensive work.

    Raises OutputError if the folder is missing or not writable, or if `path` is a folder, a device or a
    write-protected file.
    """
    target = Path(path)
    try:
        if target.is_dir():
            raise OutputError(f"'{target}' is a folder; give the name of a file.")
        if target.exists() and not target.is_file():
            raise OutputError(f"'{target}' is not a regular file; give another name.")
        if not target.parent.is_dir():
            raise OutputError(f"The folder '{target.parent}' does not exist; create it or choose another.")
        if not os.access(_real(target).parent, os.W_OK | os.X_OK):
            raise OutputError(f"The folder '{_real(target).parent}' is not writable; choose another.")
        if target.exists() and not os.access(target, os.W_OK):
            raise OutputError(f"'{target}' is write-protected; give another name or make it writable.")
    except OutputError:
        raise
    except (OSError, ValueError) as error:  # a name that is too long, or has a NUL in it
        raise OutputError(f"'{str(target)!r}' cannot be a file name ({_reason(error)}).") from error
    return target


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield an empty temporary file beside `path`, which replaces `path` when the context ends.

    The temporary file is hidden, has the suffix of `path` and the permissions of the umask. It is flushed to disk
    before it is renamed. On failure it is removed, the old file stays unchanged, and an OSError becomes an
    OutputError. If `path` is a symbolic link, the file it points to is replaced.
    """
    target = check_place(path)
    real = _real(target)
    # A short name, because the target's name may already be as long as the file system allows.
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
    """Write `data` to `path` with `atomic_write` and return the path."""
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)
    return Path(path)


def write_text_atomic(path: str | os.PathLike[str], text: str) -> Path:
    """Write `text` as UTF-8 to `path` with `atomic_write` and return the path."""
    return write_bytes_atomic(path, text.encode("utf-8"))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _sync_folder(folder: Path) -> None:
    """Flush the rename to disk, where the file system can sync folders."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
