"""One helper process for many clients, of whom each only wants the answer to its newest request."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

from impasto.studio.processes import Helper, RequestError

SUPERSEDED = "superseded"


class LatestOnlyQueue:
    """Lets one request through at a time, clients in turn; a client's waiting one gives way to its next."""

    def __init__(self, helper: Helper, most_waiting: int) -> None:
        self._helper = helper
        self._most = most_waiting
        self._waiting: OrderedDict[str, asyncio.Future[bool]] = OrderedDict()
        self._busy = False

    async def ask(self, client: str, kind: str, seconds: float, **request: Any) -> Any:
        """Return the helper's answer; raises `RequestError` 409 for a superseded request, 429 for too many clients."""
        older = self._waiting.pop(client, None)
        if older is not None and not older.done():
            older.set_result(False)
        if self._busy:
            await self._wait(client)
        self._busy = True
        try:
            return await self._helper.ask(kind, seconds, **request)
        finally:
            self._pass_on()

    async def _wait(self, client: str) -> None:
        if len(self._waiting) >= self._most:
            raise RequestError(429, f"{self._most} previews wait already; try again in a moment.")
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[client] = turn
        try:
            mine = await turn
        except asyncio.CancelledError:
            if self._waiting.get(client) is turn:
                del self._waiting[client]
            if turn.done() and not turn.cancelled() and turn.result():
                self._pass_on()
            raise
        if not mine:
            raise RequestError(409, SUPERSEDED)

    def _pass_on(self) -> None:
        """Give the turn to who waits longest."""
        while self._waiting:
            _, turn = self._waiting.popitem(last=False)
            if not turn.done():
                turn.set_result(True)
                return
        self._busy = False
