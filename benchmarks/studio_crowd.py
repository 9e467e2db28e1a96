"""A hundred clients follow one job while twenty jobs wait; then server and worker are killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import statistics
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from studio_server import TINY, Server


@dataclass
class Client:
    """One client, and the events that it received."""

    kinds: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)
    end: dict[str, Any] = field(default_factory=dict)

    def follow(self, url: str) -> None:
        """Read events until the server closes the stream."""
        with requests.get(url, stream=True, timeout=600) as answer:
            kind = ""
            for line in answer.iter_lines(decode_unicode=True):
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "id":
                    self.numbers.append(int(value))
                elif name == "data":
                    self._take(kind, json.loads(value))

    def _take(self, kind: str, data: dict[str, Any]) -> None:
        self.kinds.append(kind)
        if kind == "step":
            self.last = data
        if kind in ("state", "done"):
            self.states.append(data["state"])
            self.end = data

    def is_complete(self) -> bool:
        """Whether numbers increase, the state comes first, the end last, and no step after it."""
        grows = all(a < b for a, b in zip(self.numbers, self.numbers[1:], strict=False))
        ends = self.kinds[:1] == ["state"] and self.kinds[-1:] == ["done"] and self.states[-1:] == ["stopped"]
        return grows and ends and 0 < self.last.get("step", 0) <= self.end.get("step", 0)


def crowd(folder: Path, clients: int = 100, waiting: int = 20, seconds: float = 15.0) -> list[str]:
    """Return report lines about events, response times, memory, and recovery after a kill."""
    server = Server(folder)
    photo, art = (item["id"] for item in server.ask("GET", "/api/info")["samples"][3:5])

    def queue(**recipe: Any) -> str:
        body = {"content": photo, "styles": [art], "recipe": {**TINY, **recipe}}
        return str(server.ask("POST", "/api/jobs", json=body)["id"])

    endless = 1_000_000
    first = queue(steps=endless)
    others = [queue(steps=20 if seed else endless, seed=seed) for seed in range(waiting)]
    server.wait(first, "running", step=1)
    before = server.memory()
    crowd_clients = [Client() for _ in range(clients)]
    url = f"{server.url}/api/jobs/{first}/events"
    threads = [threading.Thread(target=client.follow, args=(url,)) for client in crowd_clients]
    for thread in threads:
        thread.start()
    pages = []
    end = time.monotonic() + seconds
    while (began := time.monotonic()) < end:
        server.ask("GET", "/")
        server.ask("GET", "/api/jobs")
        pages.append(time.monotonic() - began)
        time.sleep(0.1)
    server.ask("POST", f"/api/jobs/{first}/keep")
    for thread in threads:
        thread.join(60)
    counts = Counter(kind for client in crowd_clients for kind in client.kinds)
    lines = [
        f"{sum(map(Client.is_complete, crowd_clients))} of {clients} clients received all events, "
        f"{waiting} jobs waiting, "
        f"{seconds:.0f} s; " + ", ".join(f"{kind} {count}" for kind, count in counts.items()),
        f"page and list meanwhile: median {1e3 * statistics.median(pages):.0f} ms, "
        f"longest {1e3 * max(pages):.0f} ms ({len(pages)} times)",
        f"server's memory: {before:.0f} MB before, {server.memory('VmHWM'):.0f} MB at most, "
        f"{server.memory():.0f} MB after",
    ]
    return [*lines, *killed(server, first, others)]


def killed(server: Server, done: str, others: list[str]) -> list[str]:
    """Kill server and worker during the second job; return report lines about the restart."""
    interrupted = others[0]
    server.wait(interrupted, "running", "done", step=200)
    end = time.monotonic() + 30
    while not (server.folder / "jobs" / interrupted / "checkpoint").is_file() and time.monotonic() < end:
        time.sleep(0.02)
    worker, before = server.worker_pid(), server.ask("GET", f"/api/jobs/{interrupted}")["step"]
    server.kill()
    with contextlib.suppress(ProcessLookupError):  # it exits by itself when the server is gone
        os.kill(worker, signal.SIGKILL)
    server.start()
    picture = len(server.ask("GET", f"/api/jobs/{done}/picture"))
    resumed = server.wait(interrupted, "running", "done", step=1)
    began = time.monotonic()
    server.ask("POST", f"/api/jobs/{interrupted}/keep")
    finished = sum(server.wait(job, "done", "stopped")["has_picture"] for job in others)
    server.stop()
    return [
        f"kill -9 of server and worker: the finished picture is there ({picture:,} bytes), the interrupted job "
        f"(at step {before}) resumed and was at step {resumed['step']}, {finished} of {len(others)} jobs were "
        f"finished {time.monotonic() - began:.0f} s later"
    ]
