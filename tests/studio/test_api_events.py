"""The API's event streams: many clients, slow clients, and reconnecting ones."""

from __future__ import annotations

import asyncio
import json

from impasto.studio.app import create_app
from impasto.studio.job_routes import follow_job

from .fake_worker import FakeWorker, body


async def stream(app, name: str, pause: float = 0.0, last: str | None = None) -> list[tuple[str, int, dict]]:
    """Read a job's events to their end, by ASGI itself; a slow reader waits before it takes more."""
    headers = [(b"host", b"127.0.0.1")] + ([(b"last-event-id", last.encode())] if last else [])
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"/api/jobs/{name}/events",
        "raw_path": b"",
        "query_string": b"",
        "headers": headers,
        "client": ("1.2.3.4", 5),
        "server": ("127.0.0.1", 80),
    }
    text = b""

    async def receive():
        await asyncio.sleep(3600)

    async def send(message) -> None:
        nonlocal text
        text += message.get("body", b"")
        await asyncio.sleep(pause)

    await app(scope, receive, send)
    events = []
    for block in text.decode().replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and line[0] != ":")
        if "event" in fields:
            events.append((fields["event"], int(fields["id"]), json.loads(fields["data"])))
    return events


def test_a_hundred_clients_watch_one_job_while_twenty_wait(idle_studio) -> None:
    """All see its states and its end; the slow ones fewer steps, and no one's backlog grows."""

    async def run() -> None:
        app, worker = create_app(idle_studio), FakeWorker(idle_studio)
        worker.report("ready", "cpu", 1)
        job = idle_studio.submit(body(idle_studio))
        for _ in range(20):
            idle_studio.submit(body(idle_studio))
        readers = [asyncio.create_task(stream(app, job.id, 0.0 if i < 50 else 0.02)) for i in range(100)]
        while len(idle_studio.event_bus) < 100:
            await asyncio.sleep(0.01)
        worker.report("started", job.id, 400, 0)
        most = 0
        for step in range(1, 401):
            worker.report("step", job.id, step, (64, 48), 1.0 / step, 1.0)
            if step % 100 == 0:
                worker.report("preview", job.id, b"webp")
            most = max(most, *(w.unread for w in idle_studio.event_bus._subscribers[job.id]))
            await asyncio.sleep(0.001)
        worker.report("stopped", job.id, "done", None, {"step": 400})
        results = await asyncio.wait_for(asyncio.gather(*readers), 60)
        assert most <= 4
        assert len(idle_studio.event_bus) == 0
        for index, events in enumerate(results):
            kinds = [kind for kind, _, _ in events]
            assert (kinds[0], kinds[-1]) == ("state", "done")
            states = [data["state"] for kind, _, data in events if kind == "state"]
            assert (states[0], states[-1], len(states) <= 3) == ("running", "done", True)
            numbers = [number for _, number, _ in events]
            assert numbers == sorted(set(numbers))
            assert index >= 50 or kinds.count("step") > 100

    asyncio.run(run())


def test_a_finished_job_is_told_at_once(api, done) -> None:
    events = asyncio.run(stream(api.app, done["id"]))
    assert [(kind, data["state"]) for kind, _, data in events] == [("state", "done"), ("done", "done")]


def test_coming_back_begins_with_the_state_and_what_is_new(idle_studio) -> None:
    async def run() -> None:
        app, worker = create_app(idle_studio), FakeWorker(idle_studio)
        worker.report("ready", "cpu", 1)
        job = idle_studio.submit(body(idle_studio))
        worker.report("preview", job.id, b"webp")
        for seen, kinds in (
            (None, ["state", "preview"]),
            (str(job.preview_number), ["state"]),
            ("²", ["state", "preview"]),
        ):
            reading = asyncio.create_task(stream(app, job.id, last=seen))
            while not len(idle_studio.event_bus):
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.02)
            idle_studio.event_bus._subscribers[job.id].copy().pop().close()
            assert [kind for kind, _, _ in await reading] == kinds

    asyncio.run(run())


def test_a_client_that_is_gone_before_the_first_event_takes_no_place(idle_studio) -> None:
    job = idle_studio.submit(body(idle_studio))
    asyncio.run(follow_job(job.id, idle_studio))
    assert len(idle_studio.event_bus) == 0
