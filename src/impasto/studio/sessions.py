"""Sessions of browsers: random ids in a cookie, so that the token itself is in none."""

from __future__ import annotations

import contextlib
import hmac
import json
import secrets
import time
from pathlib import Path

from impasto.imaging.atomic import write_text_atomic

SESSION_SECONDS = 30 * 24 * 3600
MAX_SESSIONS = 1000


class Sessions:
    """Sessions that outlive the server. The file holds no id but its HMAC with the token, and a new token ends all."""

    def __init__(self, path: Path, token: str | None) -> None:
        self._path, self._key = path, (token or "").encode()
        self._ends: dict[str, float] = {}
        with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
            saved = json.loads(path.read_text(encoding="utf-8"))
            self._ends = {str(name): float(end) for name, end in saved.items()}

    def create(self) -> str:
        """Return the id of a new session."""
        session_id, now = secrets.token_urlsafe(32), time.time()
        living = sorted(
            ((name, end) for name, end in self._ends.items() if end > now), key=lambda pair: pair[1]
        )
        self._ends = dict([*living, (self._name(session_id), now + SESSION_SECONDS)][-MAX_SESSIONS:])
        with contextlib.suppress(OSError):  # without room the session ends with the server
            write_text_atomic(self._path, json.dumps(self._ends))
            self._path.chmod(0o600)
        return session_id

    def is_open(self, session_id: str) -> bool:
        """Return whether a session exists and has not expired."""
        return self._ends.get(self._name(session_id), 0.0) > time.time()

    def _name(self, session_id: str) -> str:
        return hmac.digest(self._key, session_id.encode("utf-8", "replace"), "sha256").hex()
