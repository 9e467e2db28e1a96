"""The error that the HTTP interface answers with a status of its own, and errors that a full disk causes."""

from __future__ import annotations

import errno
import sqlite3

from impasto.errors import ImpastoError, OutputError

DISK_FULL = "The disk is full; delete some jobs or other files."


class RequestError(ImpastoError):
    """A request that fails with an HTTP status and one sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class DamagedDatabaseError(OutputError):
    """The database file is not one, or parts of it cannot be read."""


def is_disk_full(error: BaseException | None) -> bool:
    """Return whether a full disk or an exhausted quota caused an error, directly or as the cause of its causes."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if (
            isinstance(error, sqlite3.Error)
            and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        ):
            return True
        error = error.__cause__ or error.__context__
    return False
