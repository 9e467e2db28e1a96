"""Running the server: the socket first, so that what is wrong with it is a sentence, then the page at once."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import webbrowser
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn

from impasto.errors import OutputError
from impasto.studio.app import create_app
from impasto.studio.settings import StudioSettings
from impasto.studio.studio import Studio

CLOSING_SECONDS = 5


class Server(uvicorn.Server):
    """A server that ends the streams of who watches before it waits for connections to close."""

    def __init__(self, config: uvicorn.Config, studio: Studio, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._studio, self._started = studio, started
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and say so."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started:
            self._started()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end after a signal."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._studio.hub.close)
        super().handle_exit(sig, frame)


def serve(settings: StudioSettings, *, say: Callable[[str], None], browser: bool = False) -> None:
    """Serve a studio until a signal ends it; ``say`` gets the address, which ``browser`` also opens.

    Raises OutputError where it cannot listen or keep its files.
    """
    listening = listen(settings.host, settings.port)
    try:
        studio = Studio(settings)
    except BaseException:
        listening.close()
        raise
    url = address(settings, listening)

    def started() -> None:
        say(url)
        if browser:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    options: dict[str, Any] = {"log_level": "warning", "access_log": False, "server_header": False}
    config = uvicorn.Config(
        create_app(studio), timeout_graceful_shutdown=CLOSING_SECONDS, ws="none", lifespan="on", **options
    )
    with listening, contextlib.suppress(KeyboardInterrupt):  # raised again when all is saved
        Server(config, studio, started).run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raises OutputError where that is impossible."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, where = found[0]
        return socket.create_server(where[:2], family=family)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(
            f"The studio cannot listen on {host}, port {port} ({reason}); give another --port, or 0 for any."
        ) from error


def address(settings: StudioSettings, listening: socket.socket) -> str:
    """Return the address to open, with the token in it if there is one."""
    port = listening.getsockname()[1]
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/" + (f"?token={settings.token}" if settings.token else "")
