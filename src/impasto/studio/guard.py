"""The door: whom a request comes from and how large it is, before anything else looks at it."""

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
# Their endpoints read the body themselves, piece by piece, into a file.
STREAMED = ("/api/pictures", "/api/replay")
BODY_SECONDS = 30.0
_MOST_ADDRESSES = 1000
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
    """ASGI middleware: Host, Origin, token, rate and size; then the application with headers that shut others out.

    A page from elsewhere must not reach a studio through the browser of who uses it: a name of somebody else's
    that leads here (DNS rebinding) fails at the Host, a request sent across sites at Origin and Sec-Fetch-Site.
    """

    def __init__(
        self, app: Callable[[Scope, Receive, Send], Awaitable[None]], settings: StudioSettings
    ) -> None:
        self.app = app
        self.settings = settings
        self.rates = Rates(settings.limits)
        self.names = {"localhost", socket.gethostname().lower(), f"{socket.gethostname().lower()}.local"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no web sockets here
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = _headers(scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _answer(send, *refusal)
            return
        if self._enters_with_token(scope):
            await _answer(send, 303, "", [(b"location", b"/"), (b"set-cookie", self._cookie())])
            return
        if scope["method"] not in SAFE and scope["path"] not in STREAMED:
            whole = await _read(receive, self.settings.limits.body_bytes)
            if isinstance(whole, int):
                await _answer(send, whole, _BODY_SENTENCES[whole])
                return
            receive = _replay(whole, receive)
        await self.app(scope, receive, _hardened(send))

    def _refusal(
        self, scope: Scope, headers: dict[str, str]
    ) -> tuple[int, str] | tuple[int, str, Any] | None:
        """Return status and sentence for who may not come in."""
        if not self._is_our_name(headers.get("host", "")):
            return 403, "This studio does not answer to that Host; open the address that it printed."
        origin, changes = headers.get("origin"), scope["method"] not in SAFE
        crossing = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if changes and origin is not None and urlsplit(origin).netloc.lower() != headers["host"].lower():
            return 403, "Another site asked for this; only the studio's own page may."
        if crossing and (changes or scope["path"].startswith("/api/")):
            return 403, "Another site asked for this; only the studio's own page may."
        if not self._has_token(headers) and not self._enters_with_token(scope):
            return 401, "This studio wants its token; open the address that it printed, with the token in it."
        if changes:
            wait = self.rates.wait((scope.get("client") or ("?",))[0])
            if wait:
                seconds = math.ceil(wait)
                advice = f"Too many requests; try again in {seconds} s."
                return 429, advice, [(b"retry-after", str(seconds).encode())]
        length = headers.get("content-length", "0")
        streamed = scope["path"] in STREAMED
        most = self.settings.limits.upload_bytes if streamed else self.settings.limits.body_bytes
        if not length.isascii() or not length.isdigit():
            return 400, "The Content-Length is not a number."
        if len(length) > 15 or int(length) > most:
            return 413, f"This is too large; at most {most:,} bytes are taken here."
        return None

    def _is_our_name(self, host: str) -> bool:
        if not _HOST.fullmatch(host):
            return False
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        if self.settings.local:
            return is_loopback(name)
        if name in self.names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True  # a number is no name that could be made to lead here

    def _has_token(self, headers: dict[str, str]) -> bool:
        if self.settings.token is None:
            return True
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_token(given.strip()):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and self._is_token(cookie.value)

    def _enters_with_token(self, scope: Scope) -> bool:
        if scope["path"] != "/" or self.settings.token is None or scope["method"] != "GET":
            return False
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])
        return self._is_token(given[-1])

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), (self.settings.token or "").encode())

    def _cookie(self) -> bytes:
        return f"{COOKIE}={self.settings.token}; HttpOnly; SameSite=Strict; Path=/".encode()


class Rates:
    """A bucket of permissions for each address, filled again at a steady rate."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Take one permission and return 0, or return the seconds until there is one."""
        now = time.monotonic()
        left, at = self._buckets.pop(address, (float(self.limits.burst), now))
        left = min(float(self.limits.burst), left + (now - at) * self.limits.rate)
        wait = 0.0 if left >= 1 else (1 - left) / self.limits.rate
        self._buckets[address] = (left if wait else left - 1, now)
        while len(self._buckets) > _MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        return wait


_BODY_SENTENCES = {
    413: "This is too large for a request of settings; pictures are sent to /api/pictures.",
    408: "The request did not come to its end.",
}


def _headers(scope: Scope) -> dict[str, str]:
    """Return the headers by name; one that is given twice counts as wrong where it decides anything."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}; {text}" if key in found else text
    return found


async def _read(receive: Receive, most: int) -> bytes | int:
    """Return the whole body, or the status of why not."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return 408
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > most:
                    return 413
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        return 408


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a receive that gives ``body`` again and then what comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _hardened(send: Send) -> Send:
    async def hardened(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *_HEADERS]
        await send(message)

    return hardened


async def _answer(
    send: Send, status: int, sentence: str, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    body = json.dumps({"error": sentence}).encode() if sentence else b""
    send = _hardened(send)
    plain = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*plain, *(headers or [])]})
    await send({"type": "http.response.body", "body": body})
