"""HTTP connections with limits: how many one address may open, and how slowly it may send a request's head."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from impasto.studio.forwarded import TrustedProxies
from impasto.studio.limiters import OpenCounter

HEAD_SECONDS = 20.0


def limited_protocol(counter: OpenCounter, proxies: TrustedProxies) -> type[H11Protocol]:
    """Return uvicorn's protocol with limits. All clients of a trusted proxy share its address, so it has no limit."""

    class LimitedProtocol(H11Protocol):
        """A connection of a client; one too many, and one without a complete head in time, is closed."""

        _address: str | None = None
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            """Count the connection."""
            super().connection_made(transport)
            address = (self.client or ("",))[0]
            if address not in proxies:
                if not counter.enter(address):
                    transport.abort()
                    return
                self._address = address
            self._watch_head()

        def data_received(self, data: bytes) -> None:
            """Parse data."""
            super().data_received(data)
            self._watch_head()

        def connection_lost(self, exc: Exception | None) -> None:
            """Count one less."""
            self._cancel_deadline()
            if self._address is not None:
                counter.leave(self._address)
                self._address = None
            super().connection_lost(exc)

        def _watch_head(self) -> None:
            """Set a deadline while a request's head is incomplete."""
            if self.conn.their_state is not h11.IDLE:
                self._cancel_deadline()
            elif self._deadline is None:
                self._deadline = self.loop.call_later(HEAD_SECONDS, self._close_slow)

        def _cancel_deadline(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _close_slow(self) -> None:
            self._deadline = None
            if self.conn.their_state is h11.IDLE:
                self.transport.close()

    return LimitedProtocol
