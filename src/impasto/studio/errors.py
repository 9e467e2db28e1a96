"""The error that the HTTP interface answers with a status of its own."""

from __future__ import annotations

from impasto.errors import ImpastoError


class RequestError(ImpastoError):
    """A request that fails with an HTTP status and one sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
