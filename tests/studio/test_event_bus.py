"""Fan-out: whoever reads gets every state and the end, and nobody costs more memory for reading slowly."""

from __future__ import annotations

import asyncio
import json

from impasto.studio.event_bus import MOST_UNREAD, EventBus


def collect(watcher) -> asyncio.Task:
    async def read() -> list:
        return [(event.kind, event.data) async for event in watcher.events()]

    return asyncio.create_task(read())


def test_steps_are_replaced_and_states_are_not() -> None:
    async def run() -> None:
        hub = EventBus(10)
        watcher = hub.watch("a")
        hub.publish("a", "state", "running")
        for step in range(1000):
            hub.publish("a", "step", str(step))
            hub.publish("a", "preview", str(step))
        hub.publish("a", "state", "paused")
        hub.publish("b", "state", "other")
        assert watcher.unread == 4
        hub.publish("a", "done", "{}")
        found = await collect(watcher)
        assert found == [
            ("state", "running"), ("step", "999"), ("preview", "999"), ("state", "paused"), ("done", "{}")
        ]  # fmt: skip

    asyncio.run(run())


def test_who_never_reads_is_let_go() -> None:
    async def run() -> None:
        hub = EventBus(10)
        watcher = hub.watch("a")
        for number in range(MOST_UNREAD + 1):
            hub.publish("a", "state", str(number))
        assert watcher.unread == 0
        hub.publish("a", "state", "later")
        assert watcher.unread == 0
        assert await collect(watcher) == []

    asyncio.run(run())


def test_a_hundred_watchers_of_one_job_all_see_its_end() -> None:
    """Some read at once, some slowly, some only at the end."""

    async def run() -> None:
        hub = EventBus(100)
        watchers = [hub.watch("a") for _ in range(100)]
        assert hub.watch("a") is None

        async def read(watcher, pause: float) -> list[str]:
            kinds = []
            async for event in watcher.events():
                kinds.append(event.kind)
                await asyncio.sleep(pause)
            hub.leave("a", watcher)
            return kinds

        readers = [asyncio.create_task(read(w, 0.0 if i < 50 else 0.01)) for i, w in enumerate(watchers)]
        most = 0
        for step in range(300):
            hub.publish("a", "step", json.dumps({"step": step}))
            if step % 100 == 0:
                hub.publish("a", "state", "running")
            await asyncio.sleep(0)
            most = max(most, *(watcher.unread for watcher in watchers))
        hub.publish("a", "done", "{}")
        for kinds in await asyncio.gather(*readers):
            assert kinds[-1] == "done"
            assert kinds.count("state") == 3
        assert most <= 5
        assert len(hub) == 0

    asyncio.run(run())


def test_numbers_grow_also_over_servers() -> None:
    first = EventBus(1)
    numbers = [first.number() for _ in range(50)]
    assert numbers == sorted(set(numbers))
    import time

    time.sleep(0.06)
    assert EventBus(1).number() > numbers[-1]


def test_closing_ends_every_stream() -> None:
    async def run() -> None:
        hub = EventBus(10)
        before = collect(hub.watch("a"))
        await asyncio.sleep(0)
        hub.close()
        after = collect(hub.watch("a"))
        assert await asyncio.wait_for(asyncio.gather(before, after), 5) == [[], []]

    asyncio.run(run())
