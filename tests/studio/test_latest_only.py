"""The latest-only queue: one request at a time, clients in turn, only the newest of each."""

from __future__ import annotations

import asyncio

import pytest

from impasto.studio.errors import RequestError
from impasto.studio.latest_only import SUPERSEDED, LatestOnlyQueue


class Slow:
    """A helper whose answers wait for the event ``go``."""

    def __init__(self) -> None:
        self.requests: list[int] = []
        self.go = asyncio.Event()

    async def call(self, kind: str, seconds: float, number: int) -> int:
        self.requests.append(number)
        await self.go.wait()
        if number < 0:
            raise RequestError(422, "no")
        return number


async def outcome(queue: LatestOnlyQueue, client: str, number: int) -> object:
    try:
        return await queue.call(client, "paint", 1.0, number=number)
    except RequestError as error:
        return (error.status, str(error))


async def start(queue: LatestOnlyQueue, *requests: tuple[str, int]) -> list[asyncio.Task]:
    tasks = []
    for client, number in requests:
        tasks.append(asyncio.create_task(outcome(queue, client, number)))
        await asyncio.sleep(0)
    return tasks


def test_the_newest_wins_and_clients_take_turns() -> None:
    async def run() -> None:
        slow = Slow()
        queue = LatestOnlyQueue(slow, 8)
        tasks = await start(queue, ("a", 1), ("a", 2), ("b", 10), ("a", 3), ("a", 4), ("b", 11))
        slow.go.set()
        gone = (409, SUPERSEDED)
        assert await asyncio.gather(*tasks) == [1, gone, gone, gone, 4, 11]
        assert slow.requests == [1, 4, 11]
        assert await outcome(queue, "a", 5) == 5

    asyncio.run(run())


def test_an_error_passes_the_turn_on() -> None:
    async def run() -> None:
        slow = Slow()
        tasks = await start(LatestOnlyQueue(slow, 8), ("a", -1), ("b", 2))
        slow.go.set()
        assert await asyncio.gather(*tasks) == [(422, "no"), 2]

    asyncio.run(run())


@pytest.mark.parametrize("waiting", [1, 3])
def test_too_many_clients(waiting) -> None:
    async def run() -> None:
        slow = Slow()
        requests = [(str(number), number) for number in range(waiting + 2)]
        tasks = await start(LatestOnlyQueue(slow, waiting), *requests)
        slow.go.set()
        outcomes = await asyncio.gather(*tasks)
        assert outcomes[:-1] == list(range(waiting + 1))
        assert outcomes[-1][0] == 429

    asyncio.run(run())


def test_a_cancelled_request_blocks_no_other() -> None:
    async def run() -> None:
        slow = Slow()
        queue = LatestOnlyQueue(slow, 8)
        tasks = await start(queue, ("a", 1), ("b", 2), ("c", 3))
        tasks[1].cancel()
        await asyncio.sleep(0)
        slow.go.set()
        assert [await tasks[0], await tasks[2]] == [1, 3]
        assert await outcome(queue, "d", 4) == 4

    asyncio.run(run())
