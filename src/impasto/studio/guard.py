"""Checks of every request before the application sees it: host, origin, token, rate and size."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
import math
import re
import socket
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from impasto.studio.settings import Limits, StudioSettings, is_loopback

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

COOKIE = "impasto_token"
SAFE = ("GET", "HEAD", "OPTIONS")
# These routes write the body to a file in chunks; all other bodies are read here.
STREAMED = ("/api/pictures", "/api/replay", "/api/results")
BODY_SECONDS = 30.0
_MAX_ADDRESSES = 1000
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


class RequestGuard:
    """ASGI middleware that checks Host, Origin, token, rate and size, and adds security headers to responses.

    A page of another site must not reach the studio through its user's browser: the Host check stops DNS rebinding,
    the checks of Origin and Sec-Fetch-Site stop cross-site requests.
    """

    def __init__(
        self, app: Callable[[Scope, Receive, Send], Awaitable[None]], settings: StudioSettings
    ) -> None:
        self.app = app
        self.settings = settings
        self.rate_limiter = RateLimiter(settings.limits)
        self.host_names = {"localhost", socket.gethostname().lower(), f"{socket.gethostname().lower()}.local"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application, or answer it here."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # the studio has no web sockets
            await send({"type": "websocket.close", "code": 1008})
            return
        send = _with_security_headers(send)
        is_started = False

        async def send_and_note(message: Message) -> None:
            nonlocal is_started
            is_started = True
            await send(message)

        try:
            await self._handle(scope, receive, send_and_note)
        except asyncio.CancelledError:  # uvicorn cancels unfinished requests when the server stops
            if not is_started:
                await _respond(send, 503, "The studio is closing; send this again when it is open.")

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        rejection = self._reject(scope, headers)
        if rejection is not None:
            await _respond(send, *rejection)
            return
        if self._opens_with_token(scope):
            await _respond(send, 303, "", [(b"location", b"./"), (b"set-cookie", self._cookie())])
            return
        if scope["method"] not in SAFE and scope["path"] not in STREAMED:
            body = await _read_body(receive, self.settings.limits.body_bytes)
            if isinstance(body, int):
                await _respond(send, body, _BODY_ERRORS[body])
                return
            receive = _replay(body, receive)
        await self.app(scope, receive, send)

    def _reject(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | tuple[int, str, Any] | None:
        """Return status, message and perhaps headers for a request that is not allowed, None for any other."""
        if not self._is_own_host(headers.get("host", "")):
            return 403, "This studio has another Host name; open the address that it printed."
        origin, is_write = headers.get("origin"), scope["method"] not in SAFE
        cross_site = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if is_write and origin is not None and urlsplit(origin).netloc.lower() != headers["host"].lower():
            return 403, "This request comes from another site; only the studio's own page may send it."
        if cross_site and (is_write or scope["path"].startswith("/api/")):
            return 403, "This request comes from another site; only the studio's own page may send it."
        if not self._has_token(headers) and not self._opens_with_token(scope):
            return 401, "This studio needs its token; open the address that it printed, which contains it."
        if is_write:
            wait = self.rate_limiter.wait((scope.get("client") or ("?",))[0])
            if wait:
                seconds = math.ceil(wait)
                return (
                    429,
                    f"Too many requests; try again in {seconds} s.",
                    [(b"retry-after", str(seconds).encode())],
                )
        length = headers.get("content-length", "0")
        streamed = scope["path"] in STREAMED
        max_bytes = self.settings.limits.upload_bytes if streamed else self.settings.limits.body_bytes
        if not length.isascii() or not length.isdigit():
            return 400, "The Content-Length is not a number."
        if len(length) > 15 or int(length) > max_bytes:
            return 413, f"The request is too large; the limit is {max_bytes:,} bytes."
        return None

    def _is_own_host(self, host: str) -> bool:
        if not _HOST.fullmatch(host):
            return False
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        if self.settings.local:
            return is_loopback(name)
        if name in self.host_names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True  # DNS rebinding needs a name, so an address is safe

    def _has_token(self, headers: dict[str, str]) -> bool:
        if self.settings.token is None:
            return True
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_token(token.strip()):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and self._is_token(cookie.value)

    def _opens_with_token(self, scope: Scope) -> bool:
        if scope["path"] != "/" or self.settings.token is None or scope["method"] not in ("GET", "HEAD"):
            return False
        tokens = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])
        return self._is_token(tokens[-1])

    def _is_token(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), (self.settings.token or "").encode())

    def _cookie(self) -> bytes:
        return f"{COOKIE}={self.settings.token}; HttpOnly; SameSite=Strict; Path=/".encode()


class RateLimiter:
    """A token bucket for each client address (Limits.burst tokens, refilled at Limits.rate a second)."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Take one token and return 0; with an empty bucket, return the seconds until the next token."""
        now = time.monotonic()
        tokens, last_time = self._buckets.pop(address, (float(self.limits.burst), now))
        tokens = min(float(self.limits.burst), tokens + (now - last_time) * self.limits.rate)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self.limits.rate
        self._buckets[address] = (tokens if wait else tokens - 1, now)
        while len(self._buckets) > _MAX_ADDRESSES:
            self._buckets.popitem(last=False)
        return wait


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
    send: Send, status: int, message: str, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    body = json.dumps({"error": message}).encode() if message else b""
    entity_headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send(
        {"type": "http.response.start", "status": status, "headers": [*entity_headers, *(headers or [])]}
    )
    await send({"type": "http.response.body", "body": body})
