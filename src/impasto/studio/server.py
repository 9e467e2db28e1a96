"""The HTTP server. It opens the socket first, so that a wrong host or port is reported as one sentence."""

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
from impasto.studio.forwarded import TrustedProxies, parse_networks
from impasto.studio.limiters import OpenCounter
from impasto.studio.protocol import limited_protocol
from impasto.studio.service import StudioService
from impasto.studio.settings import StudioSettings

SHUTDOWN_SECONDS = 5


class StudioServer(uvicorn.Server):
    """A uvicorn server that ends event streams before it waits for connections to close."""

    def __init__(self, config: uvicorn.Config, studio: StudioService, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._studio, self._on_started = studio, on_started
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to serve, and report it."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started:
            self._on_started()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Start the shutdown after a signal."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._studio.event_bus.close)
        super().handle_exit(sig, frame)


def serve(
    settings: StudioSettings,
    *,
    print_url: Callable[[str], None],
    report: Callable[[str], None],
    browser: bool = False,
) -> None:
    """Serve a studio until a signal ends it.

    ``print_url`` gets the address, ``report`` other sentences; ``browser`` opens the address in the browser.

    Raises OutputError if the port or the data folder cannot be used.
    """
    listening = listen(settings.host, settings.port)
    try:
        studio = StudioService(settings, report)
    except BaseException:
        listening.close()
        raise
    url = address(settings, listening)

    def on_started() -> None:
        print_url(url)
        if browser:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    options: dict[str, Any] = {
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,  # the guard reads them, from trusted proxies only
        "timeout_graceful_shutdown": SHUTDOWN_SECONDS,
        "ws": "none",
        "lifespan": "on",
        "http": limited_protocol(
            OpenCounter(settings.limits.connections), TrustedProxies(parse_networks(settings.trusted_proxies))
        ),
    }
    config = uvicorn.Config(create_app(studio), **options)
    with listening, contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again after the shutdown
        StudioServer(config, studio, on_started).run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises OutputError if that is impossible."""
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, socket_address = addresses[0]
        return socket.create_server(socket_address[:2], family=family)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(
            f"The studio cannot listen on {host}, port {port} ({reason}); give another --port, or 0 for any."
        ) from error


def address(settings: StudioSettings, listening: socket.socket) -> str:
    """Return the address to open, including the token if there is one."""
    port = listening.getsockname()[1]
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}{settings.root_path}/" + (
        f"?token={settings.token}" if settings.token else ""
    )
