"""A queue that answers only the newest request of each client."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

from impasto.studio.errors import RequestError
from impasto.studio.processes import HelperProcess

SUPERSEDED = "superseded"


class LatestOnlyQueue:
    """Passes one request at a time to a helper, clients in turn. A client's new request replaces its waiting one."""

    def __init__(self, helper: HelperProcess, max_waiting: int) -> None:
        self._helper = helper
        self._max_waiting = max_waiting
        self._waiting: OrderedDict[str, asyncio.Future[bool]] = OrderedDict()
        self._busy = False

    async def call(self, client: str, kind: str, seconds: float, **request: Any) -> Any:
        """Return the helper's answer; raises `RequestError` 409 for a superseded request, 429 for too many clients."""
        older = self._waiting.pop(client, None)
        if older is not None and not older.done():
            older.set_result(False)
        if self._busy:
            await self._wait(client)
        self._busy = True
        try:
            return await self._helper.call(kind, seconds, **request)
        finally:
            self._next()

    async def _wait(self, client: str) -> None:
        """Wait for the client's turn."""
        if len(self._waiting) >= self._max_waiting:
            raise RequestError(429, f"{self._max_waiting} previews are waiting; try again in a moment.")
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[client] = turn
        try:
            granted = await turn
        except asyncio.CancelledError:
            if self._waiting.get(client) is turn:
                del self._waiting[client]
            if turn.done() and not turn.cancelled() and turn.result():
                self._next()
            raise
        if not granted:
            raise RequestError(409, SUPERSEDED)

    def _next(self) -> None:
        """Give the turn to the client that has waited longest."""
        while self._waiting:
            _, turn = self._waiting.popitem(last=False)
            if not turn.done():
                turn.set_result(True)
                return
        self._busy = False
