"""Settings of a studio: address, data folder, devices and limits."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path

from impasto.errors import RecipeError
from impasto.studio.forwarded import parse_networks

PORT = 7878
TOKEN = re.compile(r"[A-Za-z0-9._~-]{8,200}")
HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,250}[a-z0-9])?")
ROOT_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")
DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d{1,2})?")
# Enough for a few pictures.
MIN_HISTORY_BYTES = 50_000_000


@dataclass(frozen=True)
class Limits:
    """The limits of one studio.

    One address may follow ``streams`` jobs at the same time and open ``connections``.

    ``upload_bytes`` and ``upload_pixels`` limit one picture, ``clip_bytes`` and ``clip_seconds`` one clip, whose frames
    ``upload_pixels`` limits too, ``body_bytes`` any other request, ``styles`` one job,
    ``queue`` the unfinished jobs, ``history_bytes`` all pictures and jobs on disk (the oldest are deleted),
    ``subscribers`` the clients that follow jobs, ``waiting`` the requests that wait for one helper process. One
    address may send ``rate`` write requests a second, and ``burst`` at once.
    """

    upload_bytes: int = 64 << 20
    upload_pixels: int = 100_000_000
    clip_bytes: int = 500_000_000
    clip_seconds: float = 600.0
    body_bytes: int = 256 << 10
    styles: int = 8
    queue: int = 100
    history_bytes: int = 2_000_000_000
    subscribers: int = 500
    waiting: int = 32
    streams: int = 128
    connections: int = 256
    rate: float = 20.0
    burst: int = 200


@dataclass(frozen=True)
class StudioSettings:
    """The settings of one studio. Raises `RecipeError` for invalid values. `data` is created at the start.

    A ``host`` other than this machine needs a ``token``. Each of ``devices`` gets one worker; "auto" is the best
    device, or all GPUs if there are several. Behind a proxy, ``allowed_hosts`` are the names under which browsers find
    the studio, ``root_path`` is the prefix of its addresses, and ``trusted_proxies`` are the addresses or networks
    whose X-Forwarded headers count. With ``rebuild``, files that the database does not know are imported.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = PORT
    token: str | None = None
    devices: tuple[str, ...] = ("auto",)
    limits: Limits = field(default_factory=Limits)
    rebuild: bool = False
    allowed_hosts: tuple[str, ...] = ()
    root_path: str = ""
    trusted_proxies: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise RecipeError(f"A port is a number from 0 (any free port) to 65535, not {self.port}.")
        if self.token is not None and not TOKEN.fullmatch(self.token):
            raise RecipeError(
                "A token has 8 to 200 characters: letters, digits, and . _ ~ -; choose another."
            )
        if not self.local and self.token is None:
            raise RecipeError(
                f"Other machines can connect to {self.host}; set a token (--token-file, IMPASTO_TOKEN or --token), "
                "or leave --host out."
            )
        self._check_proxy()
        for device in self.devices:
            if not DEVICE.fullmatch(device):
                raise RecipeError(f"A device is auto, cpu, mps, cuda or cuda:1, not '{device}'.")
        if len(set(self.devices)) != len(self.devices) or not self.devices:
            raise RecipeError("Give each --device once, or leave --device out for the best one.")
        if self.limits.history_bytes < MIN_HISTORY_BYTES:
            raise RecipeError(
                f"The history needs at least {MIN_HISTORY_BYTES // 1_000_000} MB; give --keep a larger size."
            )
        if not self.limits.clip_bytes > 0 or not self.limits.clip_seconds > 0:
            raise RecipeError("A clip needs some bytes and seconds; give --clip-size and --clip-length more.")

    def _check_proxy(self) -> None:
        for name in self.allowed_hosts:
            if not HOST_NAME.fullmatch(name):
                raise RecipeError(
                    f"--allowed-host is a name in lower case such as studio.example.org, without port, not '{name}'."
                )
        if self.allowed_hosts and self.token is None:
            raise RecipeError(
                "A studio with an --allowed-host is open to others; set a token (--token-file or IMPASTO_TOKEN)."
            )
        if self.root_path and not ROOT_PATH.fullmatch(self.root_path):
            raise RecipeError(
                f"--root-path is a prefix such as /studio, without / at its end, not '{self.root_path}'."
            )
        parse_networks(self.trusted_proxies)

    @property
    def local(self) -> bool:
        """Whether only this machine can connect."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Return whether ``host`` is localhost or a loopback address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
