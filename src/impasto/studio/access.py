"""Who may use a studio with a token: the token in a header, or a session that the token has opened."""

from __future__ import annotations

import hmac
import math
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from impasto.studio.limiters import RateLimiter
from impasto.studio.sessions import SESSION_SECONDS, Sessions
from impasto.studio.settings import StudioSettings

COOKIE = "impasto_session"
# An address may send five wrong tokens at once, and then one in ten seconds.
WRONG_TOKENS, WRONG_TOKEN_RATE = 5, 0.1


class Access:
    """Checks tokens and sessions. Wrong tokens are slowed down; a client with a session is not affected."""

    def __init__(self, settings: StudioSettings) -> None:
        self._token, self._root_path = settings.token, settings.root_path
        self._sessions = Sessions(settings.data / "sessions.json", settings.token)
        self._wrong_tokens = RateLimiter(WRONG_TOKEN_RATE, WRONG_TOKENS)

    def check(
        self, scope: Mapping[str, Any], headers: Mapping[str, str], address: str
    ) -> tuple[int, str, float]:
        """Return (0, "", 0) for a request that may pass, else status, message and the seconds to wait."""
        if self._token is None or self._has_session(headers):
            return 0, "", 0.0
        given = [token for token in (_bearer(headers), _in_query(scope)) if token is not None]
        if not given:
            return (
                401,
                "This studio needs its token; open the address that it printed, which contains it.",
                0.0,
            )
        wait = self._wrong_tokens.wait(address, take=False)
        if wait:
            return 429, f"Too many wrong tokens; try again in {math.ceil(wait)} s.", wait
        if any(self._is_token(token) for token in given):
            return 0, "", 0.0
        self._wrong_tokens.wait(address)
        return 401, "This token is wrong; open the address that the studio printed, which contains it.", 0.0

    def opens_with_token(self, scope: Mapping[str, Any]) -> bool:
        """Return whether a request is the page's first, with the token in its address."""
        token = _in_query(scope)
        return self._token is not None and token is not None and self._is_token(token)

    def new_cookie(self, *, is_secure: bool) -> bytes:
        """Return the cookie of a new session."""
        secure = "; Secure" if is_secure else ""
        path = f"{self._root_path}/"
        return (
            f"{COOKIE}={self._sessions.create()}; HttpOnly; SameSite=Strict; Path={path}; "
            f"Max-Age={SESSION_SECONDS}{secure}"
        ).encode()

    def _has_session(self, headers: Mapping[str, str]) -> bool:
        return any(self._sessions.is_open(session_id) for session_id in _session_ids(headers))

    def _is_token(self, token: str) -> bool:
        return hmac.compare_digest(token.encode("utf-8", "replace"), (self._token or "").encode())


def _session_ids(headers: Mapping[str, str]) -> Iterator[str]:
    """Yield the ids in the session cookies: a browser sends one for each path that has one.

    Python's `SimpleCookie` would give up at a cookie of another program on this host that has a quote in it.
    """
    for cookie in headers.get("cookie", "").split(";"):
        name, _, value = cookie.partition("=")
        if name.strip() == COOKIE:
            yield value.strip()


def _bearer(headers: Mapping[str, str]) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _in_query(scope: Mapping[str, Any]) -> str | None:
    """Return the token in the address of the page, which is the only one that may have one."""
    if scope["path"] != "/" or scope["method"] not in ("GET", "HEAD"):
        return None
    values = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token")
    return values[-1] if values else None
