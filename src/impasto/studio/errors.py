"""The error that the HTTP interface answers with a status of its own, and the message of a full disk."""

from __future__ import annotations

from impasto.errors import ImpastoError, OutputError
from impasto.errors import is_disk_full as is_disk_full

DISK_FULL = "The disk is full; delete some jobs or other files."


class RequestError(ImpastoError):
    """A request that fails with an HTTP status and one sentence.

    ``largest_size`` is the largest size that fits, where an order was refused for its size.
    """

    def __init__(self, status: int, message: str, largest_size: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.largest_size = largest_size


class DamagedDatabaseError(OutputError):
    """The database file is not one, or parts of it cannot be read."""
