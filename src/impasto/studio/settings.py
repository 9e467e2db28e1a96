"""Where a studio listens, where it keeps its files, and how much it takes."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path

from impasto.errors import RecipeError

PORT = 7878
TOKEN = re.compile(r"[A-Za-z0-9._~-]{8,200}")
DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d{1,2})?")
# What keeps a history worth the name: a few pictures.
LEAST_HISTORY = 50_000_000


@dataclass(frozen=True)
class Limits:
    """What one studio takes before it says no.

    ``upload_bytes`` and ``upload_pixels`` of one picture; ``body_bytes`` of any other request; ``styles`` of one
    job; ``queue`` jobs that are not finished; ``history_bytes`` of pictures and jobs on the disk, of which the
    oldest are forgotten; ``watchers`` of jobs at one time; ``waiting`` requests for one helper process;
    ``rate`` changing requests a second from one address, ``burst`` at once.
    """

    upload_bytes: int = 64 << 20
    upload_pixels: int = 100_000_000
    body_bytes: int = 256 << 10
    styles: int = 8
    queue: int = 100
    history_bytes: int = 2_000_000_000
    watchers: int = 500
    waiting: int = 32
    rate: float = 20.0
    burst: int = 200


@dataclass(frozen=True)
class StudioSettings:
    """One studio. Raises `RecipeError` for what cannot be; `data` is made when the studio starts.

    Without ``token`` only this machine is served: any other ``host`` demands one. Each of ``devices`` gets a
    process that paints; "auto" stands for the best there is, and for every graphics card where there are several.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = PORT
    token: str | None = None
    devices: tuple[str, ...] = ("auto",)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise RecipeError(f"A port is a number from 0 (any free one) to 65535, not {self.port}.")
        if self.token is not None and not TOKEN.fullmatch(self.token):
            raise RecipeError(
                "A token has 8 to 200 letters, digits or the signs . _ ~ - and no others; choose another."
            )
        if not self.local and self.token is None:
            raise RecipeError(
                f"Listening on {self.host} lets other machines in; give them a --token, or leave --host out."
            )
        for device in self.devices:
            if not DEVICE.fullmatch(device):
                raise RecipeError(f"A device is auto, cpu, mps, cuda or cuda:1, not '{device}'.")
        if len(set(self.devices)) != len(self.devices) or not self.devices:
            raise RecipeError("Each device is given once, and at least one; leave --device out for the best.")
        if self.limits.history_bytes < LEAST_HISTORY:
            raise RecipeError(
                f"The history keeps {LEAST_HISTORY // 1_000_000} MB at least; give --keep a larger number."
            )

    @property
    def local(self) -> bool:
        """Whether only this machine can connect."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Return whether ``host`` is this machine's own address, as a name or in numbers."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
