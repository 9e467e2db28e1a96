"""Publish and subscribe for job events, with bounded memory however many clients subscribe or how slowly they read."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

EventKind = Literal["state", "step", "preview", "done"]
# Only the newest event of these kinds matters: it replaces an unread one.
COALESCED_KINDS = ("step", "preview")
# A subscriber with more unread events is disconnected; the client gets the current state when it reconnects.
MAX_UNREAD = 32


@dataclass(frozen=True)
class JobEvent:
    """One event of a job: an increasing number, the kind, and the data as JSON."""

    number: int
    kind: EventKind
    data: str


class Subscriber:
    """One client's queue of unread events of one job."""

    def __init__(self) -> None:
        self._unread: deque[JobEvent] = deque()
        self._ready = asyncio.Event()
        self._closed = False

    def push(self, event: JobEvent) -> None:
        """Add an event. A step or preview replaces an unread one; states and ``done`` are never dropped."""
        if self._closed:
            return
        if event.kind in COALESCED_KINDS:
            self._unread = deque(unread for unread in self._unread if unread.kind != event.kind)
        self._unread.append(event)
        if len(self._unread) > MAX_UNREAD:
            self._unread.clear()
            self._closed = True
        self._ready.set()

    def close(self) -> None:
        """End the stream after the unread events."""
        self._closed = True
        self._ready.set()

    @property
    def unread(self) -> int:
        """The number of unread events."""
        return len(self._unread)

    async def events(self) -> AsyncIterator[JobEvent]:
        """Yield events as they arrive, until the job is done or the subscriber is closed."""
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
    """All subscribers, by job id."""

    def __init__(self, max_subscribers: int) -> None:
        self.max_subscribers = max_subscribers
        self._subscribers: dict[str, set[Subscriber]] = defaultdict(set)
        self._number = 0
        self._closed = False

    def __len__(self) -> int:
        return sum(len(subscribers) for subscribers in self._subscribers.values())

    def next_number(self) -> int:
        """Return the next event number. Numbers increase, also across restarts of the server."""
        self._number = max(self._number + 1, time.time_ns() // 1_000_000)
        return self._number

    def subscribe(self, job_id: str) -> Subscriber | None:
        """Return a new subscriber to a job's events, or None when the bus is full."""
        if len(self) >= self.max_subscribers:
            return None
        subscriber = Subscriber()
        if self._closed:
            subscriber.close()
        self._subscribers[job_id].add(subscriber)
        return subscriber

    def unsubscribe(self, job_id: str, subscriber: Subscriber) -> None:
        """Remove a subscriber."""
        subscriber.close()
        self._subscribers[job_id].discard(subscriber)
        if not self._subscribers[job_id]:
            del self._subscribers[job_id]

    def has_subscribers(self, job_id: str) -> bool:
        """Return whether any client follows a job."""
        return job_id in self._subscribers

    def publish(self, job_id: str, kind: EventKind, data: str) -> None:
        """Send an event to all subscribers of a job."""
        if job_id in self._subscribers:
            event = JobEvent(self.next_number(), kind, data)
            for subscriber in self._subscribers[job_id]:
                subscriber.push(event)

    def close(self) -> None:
        """End all streams, now and later."""
        self._closed = True
        for subscribers in self._subscribers.values():
            for subscriber in subscribers:
                subscriber.close()
