"""The event bus: subscribers get every state and the end, and slow ones cost no more memory."""

from __future__ import annotations

import asyncio
import json

from impasto.studio.event_bus import MAX_UNREAD, EventBus


def collect(subscriber) -> asyncio.Task:
    async def read() -> list:
        return [(event.kind, event.data) async for event in subscriber.events()]

    return asyncio.create_task(read())


def test_steps_are_replaced_and_states_are_not() -> None:
    async def run() -> None:
        bus = EventBus(10)
        subscriber = bus.subscribe("a")
        bus.publish("a", "state", "running")
        for step in range(1000):
            bus.publish("a", "step", str(step))
            bus.publish("a", "preview", str(step))
        bus.publish("a", "state", "paused")
        bus.publish("b", "state", "other")
        assert subscriber.unread == 4
        bus.publish("a", "done", "{}")
        events = await collect(subscriber)
        assert events == [
            ("state", "running"),
            ("step", "999"),
            ("preview", "999"),
            ("state", "paused"),
            ("done", "{}"),
        ]

    asyncio.run(run())


def test_a_subscriber_that_never_reads_is_disconnected() -> None:
    async def run() -> None:
        bus = EventBus(10)
        subscriber = bus.subscribe("a")
        for number in range(MAX_UNREAD + 1):
            bus.publish("a", "state", str(number))
        assert subscriber.unread == 0
        bus.publish("a", "state", "later")
        assert subscriber.unread == 0
        assert await collect(subscriber) == []

    asyncio.run(run())


def test_a_hundred_subscribers_all_see_the_end() -> None:
    """Some read at once, some slowly, some only at the end."""

    async def run() -> None:
        bus = EventBus(100)
        subscribers = [bus.subscribe("a") for _ in range(100)]
        assert bus.subscribe("a") is None

        async def read(subscriber, pause: float) -> list[str]:
            kinds = []
            async for event in subscriber.events():
                kinds.append(event.kind)
                await asyncio.sleep(pause)
            bus.unsubscribe("a", subscriber)
            return kinds

        readers = [asyncio.create_task(read(w, 0.0 if i < 50 else 0.01)) for i, w in enumerate(subscribers)]
        most = 0
        for step in range(300):
            bus.publish("a", "step", json.dumps({"step": step}))
            if step % 100 == 0:
                bus.publish("a", "state", "running")
            await asyncio.sleep(0)
            most = max(most, *(subscriber.unread for subscriber in subscribers))
        bus.publish("a", "done", "{}")
        for kinds in await asyncio.gather(*readers):
            assert kinds[-1] == "done"
            assert kinds.count("state") == 3
        assert most <= 5
        assert len(bus) == 0

    asyncio.run(run())


def test_numbers_increase_across_servers() -> None:
    first = EventBus(1)
    numbers = [first.next_number() for _ in range(50)]
    assert numbers == sorted(set(numbers))
    import time

    time.sleep(0.06)
    assert EventBus(1).next_number() > numbers[-1]


def test_closing_ends_every_stream() -> None:
    async def run() -> None:
        bus = EventBus(10)
        before = collect(bus.subscribe("a"))
        await asyncio.sleep(0)
        bus.close()
        after = collect(bus.subscribe("a"))
        assert await asyncio.wait_for(asyncio.gather(before, after), 5) == [[], []]

    asyncio.run(run())
