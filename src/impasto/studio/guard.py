"""Checks of every request before the application sees it: host, origin, token, rate and size."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import math
import re
import socket
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from impasto.studio.access import Access
from impasto.studio.forwarded import TrustedProxies, parse_networks
from impasto.studio.limiters import OpenCounter, RateLimiter
from impasto.studio.settings import StudioSettings, is_loopback

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SAFE = ("GET", "HEAD", "OPTIONS")
# These routes write the body to a file in chunks; all other bodies are read here.
CLIPS = "/api/clips"
STREAMED = ("/api/stylize", "/api/pictures", "/api/replay", "/api/results", CLIPS)
BODY_SECONDS = 30.0
# Answered without a token and under any host name, because it tells nothing but that the studio runs.
HEALTH = "/health"
_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")
_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
        b"form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class Rejection(NamedTuple):
    """The answer to a request that is not allowed."""

    status: int
    message: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


class RequestGuard:
    """ASGI middleware that checks Host, Origin, token, rate and size, and adds security headers to responses.

    A page of another site must not reach the studio through its user's browser: the Host check stops DNS rebinding,
    the checks of Origin and Sec-Fetch-Site stop cross-site requests. ``observe`` is called with the scope of every
    answered request, its status and its seconds.
    """

    def __init__(
        self,
        app: Callable[[Scope, Receive, Send], Awaitable[None]],
        settings: StudioSettings,
        observe: Callable[[Scope, int, float], None] = lambda *_: None,
    ) -> None:
        self.app, self.settings, self.observe = app, settings, observe
        limits = settings.limits
        self.access = Access(settings)
        self.proxies = TrustedProxies(parse_networks(settings.trusted_proxies))
        self.rate_limiter = RateLimiter(limits.rate, limits.burst)
        self.streams = OpenCounter(limits.streams)
        self.host_names = {"localhost", socket.gethostname().lower(), f"{socket.gethostname().lower()}.local"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application, or answer it here."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # the studio has no web sockets
            await send({"type": "websocket.close", "code": 1008})
            return
        send, status, began = _with_security_headers(send), 0, time.monotonic()

        async def send_and_note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._handle(scope, receive, send_and_note)
        except asyncio.CancelledError:  # uvicorn cancels unfinished requests when the server stops
            if not status:
                await _respond(send_and_note, 503, "The studio is closing; send this again when it is open.")
        finally:
            self.observe(scope, status, time.monotonic() - began)

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        self.proxies.apply(scope, headers)
        prefix = self.settings.root_path
        if prefix and scope["path"] == prefix:
            await _respond(send, 308, "", ((b"location", f"{prefix}/".encode()),))
            return
        self._remove_prefix(scope)
        address = (scope.get("client") or ("?",))[0]
        rejection = self._reject(scope, headers, address)
        if rejection is not None:
            await _respond(send, *rejection)
            return
        if self.access.opens_with_token(scope):
            cookie = self.access.new_cookie(is_secure=scope.get("scheme") == "https")
            await _respond(send, 303, "", ((b"location", b"./"), (b"set-cookie", cookie)))
            return
        if scope["method"] not in SAFE and scope["path"] not in STREAMED:
            body = await _read_body(receive, self.settings.limits.body_bytes)
            if isinstance(body, int):
                await _respond(send, body, _BODY_ERRORS[body])
                return
            receive = _replay(body, receive)
        if not scope["path"].endswith("/events"):
            await self.app(scope, receive, send)
            return
        with self.streams.one(address) as entered:
            if entered:
                await self.app(scope, receive, send)
            else:
                most = self.streams.most
                await _respond(send, 429, f"Your address follows {most} jobs already; close some pages.")

    def _remove_prefix(self, scope: Scope) -> None:
        """Remove the prefix from the path, where the proxy has not."""
        prefix, path = self.settings.root_path, scope["path"]
        if prefix and path.startswith(f"{prefix}/"):
            scope["path"] = path.removeprefix(prefix)
            scope["raw_path"] = scope.get("raw_path", b"").removeprefix(prefix.encode())

    def _reject(self, scope: Scope, headers: dict[str, str], address: str) -> Rejection | None:
        """Return the answer to a request that is not allowed, None for any other."""
        if scope["path"] == HEALTH and scope["method"] in SAFE:
            return None
        if not self._is_own_host(headers.get("host", "")):
            return Rejection(403, "This studio has another Host name; open the address that it printed.")
        origin, is_write = headers.get("origin"), scope["method"] not in SAFE
        is_cross_site = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        # Not urlsplit, which raises ValueError for some texts: an Origin is "null" or scheme://host.
        is_foreign = origin is not None and origin.partition("://")[2].lower() != headers["host"].lower()
        if (is_foreign or is_cross_site) and (is_write or scope["path"].startswith("/api/")):
            return Rejection(
                403, "This request comes from another site; only the studio's own page may send it."
            )
        status, message, wait = self.access.check(scope, headers, address)
        if not status and is_write:
            wait = self.rate_limiter.wait(address)
            status, message = (
                (429, f"Too many requests; try again in {math.ceil(wait)} s.") if wait else (0, "")
            )
        if status:
            retry = ((b"retry-after", str(math.ceil(wait)).encode()),) if wait else ()
            return Rejection(status, message, retry)
        return self._reject_length(scope, headers)

    def _reject_length(self, scope: Scope, headers: dict[str, str]) -> Rejection | None:
        length = headers.get("content-length", "0")
        limits = self.settings.limits
        if scope["path"] == CLIPS:
            max_bytes = limits.clip_bytes
        else:
            max_bytes = limits.upload_bytes if scope["path"] in STREAMED else limits.body_bytes
        if not length.isascii() or not length.isdigit():
            return Rejection(400, "The Content-Length is not a number.")
        if len(length) > 15 or int(length) > max_bytes:
            return Rejection(413, f"The request is too large; the limit is {max_bytes:,} bytes.")
        return None

    def _is_own_host(self, host: str) -> bool:
        if not _HOST.fullmatch(host):
            return False
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        if name in self.settings.allowed_hosts:
            return True
        if self.settings.local:
            return is_loopback(name)
        if name in self.host_names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True  # DNS rebinding needs a name, so an address is safe


_BODY_ERRORS = {
    413: "The request is too large; upload pictures to /api/pictures.",
    408: "The request was not completed.",
}


def _headers(scope: Scope) -> dict[str, str]:
    """Return the headers by name. Values of a repeated header are joined, which makes them invalid for any check."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}; {text}" if key in headers else text
    return headers


async def _read_body(receive: Receive, max_bytes: int) -> bytes | int:
    """Return the body, or the status of the error."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return 408
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > max_bytes:
                    return 413
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        return 408


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that yields ``body`` first."""
    body_sent = False

    async def receive_body() -> Message:
        nonlocal body_sent
        if body_sent:
            return await receive()
        body_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_body


def _with_security_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *_HEADERS]
        await send(message)

    return send_with_headers


async def _respond(
    send: Send, status: int, message: str, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> None:
    body = json.dumps({"error": message}).encode() if message else b""
    entity_headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*entity_headers, *headers]})
    await send({"type": "http.response.body", "body": body})
