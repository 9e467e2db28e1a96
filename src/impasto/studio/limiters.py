"""Limits for one client address: requests a second, wrong tokens, and things that are open at the same time."""

from __future__ import annotations

import ipaddress
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

_MAX_ADDRESSES = 1000


def owner(address: str) -> str:
    """Return what counts as one client: an IPv4 address, also one mapped to IPv6, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


class RateLimiter:
    """A token bucket for each client address: ``burst`` tokens, refilled at ``rate`` a second."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, float(burst)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str, *, take: bool = True) -> float:
        """Take one token and return 0; with an empty bucket, return the seconds until the next token.

        Without ``take``, the token stays.
        """
        now, key = time.monotonic(), owner(address)
        tokens, last_time = self._buckets.pop(key, (self._burst, now))
        tokens = min(self._burst, tokens + (now - last_time) * self._rate)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._rate
        self._buckets[key] = (tokens if wait or not take else tokens - 1, now)
        while len(self._buckets) > _MAX_ADDRESSES:
            self._buckets.popitem(last=False)
        return wait


class OpenCounter:
    """Counts what each client address has open at the same time; at most ``most``."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._open: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Count one more; return False, and count nothing, if the address has too many already."""
        key = owner(address)
        if self._open[key] >= self.most:
            return False
        self._open[key] += 1
        return True

    def leave(self, address: str) -> None:
        """Count one less."""
        key = owner(address)
        self._open[key] -= 1
        if self._open[key] <= 0:
            del self._open[key]

    @contextmanager
    def one(self, address: str) -> Iterator[bool]:
        """Context manager that counts one while it lasts; its value is False if there are too many."""
        entered = self.enter(address)
        try:
            yield entered
        finally:
            if entered:
                self.leave(address)
