"""Fan-out of events to who watches a job: bounded memory however many watch and however slowly they read."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["state", "step", "preview", "done"]
# Of these only the newest counts: one that was not read yet is replaced.
REPLACED = ("step", "preview")
# A watcher with more unread states than this is let go; it finds the newest state when it comes back.
MOST_UNREAD = 32


@dataclass(frozen=True)
class JobEvent:
    """One event about a job: its number, which only grows, its kind and its data as JSON."""

    number: int
    kind: Kind
    data: str


class Watcher:
    """One client that watches one job: what it has not read yet."""

    def __init__(self) -> None:
        self._unread: deque[JobEvent] = deque()
        self._ready = asyncio.Event()
        self._closed = False

    def push(self, event: JobEvent) -> None:
        """Add an event; a step or preview replaces an unread one. States and the end are never dropped."""
        if self._closed:
            return
        if event.kind in REPLACED:
            self._unread = deque(old for old in self._unread if old.kind != event.kind)
        self._unread.append(event)
        if len(self._unread) > MOST_UNREAD:
            self._unread.clear()
            self._closed = True
        self._ready.set()

    def close(self) -> None:
        """End the stream after what is unread."""
        self._closed = True
        self._ready.set()

    @property
    def unread(self) -> int:
        """How many events wait to be read."""
        return len(self._unread)

    async def events(self) -> AsyncIterator[JobEvent]:
        """Yield events as they come, until the job is done or the watcher is closed."""
        while True:
            while self._unread:
                event = self._unread.popleft()
                yield event
                if event.kind == "done":
                    return
            if self._closed:
                return
            self._ready.clear()
            await self._ready.wait()


class EventBus:
    """Every watcher, by job."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._watchers: dict[str, set[Watcher]] = defaultdict(set)
        self._number = 0
        self._closed = False

    def __len__(self) -> int:
        return sum(len(watchers) for watchers in self._watchers.values())

    def number(self) -> int:
        """Return the next event's number: above all before, also those of an earlier server."""
        self._number = max(self._number + 1, time.time_ns() // 1_000_000)
        return self._number

    def watch(self, job: str) -> Watcher | None:
        """Return a new watcher of ``job``, None where there are too many."""
        if len(self) >= self.most:
            return None
        watcher = Watcher()
        if self._closed:
            watcher.close()
        self._watchers[job].add(watcher)
        return watcher

    def leave(self, job: str, watcher: Watcher) -> None:
        """Forget a watcher."""
        watcher.close()
        self._watchers[job].discard(watcher)
        if not self._watchers[job]:
            del self._watchers[job]

    def watched(self, job: str) -> bool:
        """Return whether anybody watches ``job``."""
        return job in self._watchers

    def publish(self, job: str, kind: Kind, data: str) -> None:
        """Tell everybody who watches ``job``."""
        if job in self._watchers:
            event = JobEvent(self.number(), kind, data)
            for watcher in self._watchers[job]:
                watcher.push(event)

    def close(self) -> None:
        """End every stream, and those that come."""
        self._closed = True
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.close()
