"""Headers of proxies: the client's address and whether it used TLS, believed only from proxies that are trusted."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, MutableMapping
from typing import Any

from impasto.errors import RecipeError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return addresses and networks such as "10.0.0.0/8"; raises `RecipeError` for anything else."""
    networks = []
    for text in texts:
        try:
            networks.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            raise RecipeError(
                f"--trusted-proxy is an address such as 127.0.0.1 or a network such as 10.0.0.0/8, not '{text}'."
            ) from None
    return tuple(networks)


class TrustedProxies:
    """The proxies whose X-Forwarded-For and X-Forwarded-Proto count."""

    def __init__(self, networks: tuple[Network, ...]) -> None:
        self._networks = networks

    def __contains__(self, address: str) -> bool:
        """Return whether ``address`` is that of a trusted proxy."""
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        return any(parsed in network for network in self._networks)

    def apply(self, scope: MutableMapping[str, Any], headers: dict[str, str]) -> None:
        """Set client and scheme of a request that a trusted proxy has passed on.

        The client is the last address in X-Forwarded-For that is not a trusted proxy's: what stands before it was
        written by the client itself. A client cannot send headers for the proxy, which replaces or extends them.
        """
        address, port = scope.get("client") or ("", 0)
        if address not in self:
            return
        if headers.get("x-forwarded-proto", "").strip().lower() == "https":
            scope["scheme"] = "https"
        hops = [
            hop.strip().strip("[]") for hop in headers.get("x-forwarded-for", "").replace(";", ",").split(",")
        ]
        for hop in reversed(hops):
            try:
                ipaddress.ip_address(hop)
            except ValueError:
                break
            address = hop
            if hop not in self:
                break
        scope["client"] = (address, port)
