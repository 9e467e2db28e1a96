"""A studio server in its own process, for the benchmarks."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

TINY = {"encoder": "tiny", "size": 48, "precision": "float32"}


class Server:
    """`impasto studio` on a folder and a free port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.start()

    def start(self) -> None:
        words = [sys.executable, "-m", "impasto", "studio", "--no-open", "--port", "0", "--data"]
        self.process = subprocess.Popen(
            [*words, str(self.folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip().rstrip("/")

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Return the JSON of a response; retries after status 429."""
        while True:
            answer = requests.request(method, self.url + path, timeout=120, **options)
            if answer.status_code != 429:
                break
            time.sleep(float(answer.headers.get("retry-after", 1)))
        assert answer.ok, answer.text
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.content

    def send(self, data: bytes) -> str:
        """Send a JPEG; return its id."""
        return str(self.ask("POST", "/api/pictures", data=data, headers={"content-type": "image/jpeg"})["id"])

    def wait(self, job: str, *states: str, step: int = 0) -> dict[str, Any]:
        """Return a job as soon as it has one of the states and reached the step."""
        while True:
            state: dict[str, Any] = self.ask("GET", f"/api/jobs/{job}")
            assert state["state"] != "failed", state["error"]
            if state["state"] in states and state["step"] >= step:
                return state
            time.sleep(0.05)

    def memory(self, what: str = "VmRSS") -> float:
        """Return megabytes of the server process (not of its workers), from /proc."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024

    def descendants(self) -> list[int]:
        """Return the ids of the processes that the server and its processes started, oldest first, from /proc."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # it ended meanwhile
                parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        pids = [self.process.pid]
        for pid in pids:
            pids += sorted(child for child, parent in parents.items() if parent == pid)
        return pids[1:]

    def worker_pid(self) -> int:
        """Return the id of the process that paints, which has a lower priority than the others."""
        return max(self.descendants(), key=lambda pid: os.getpriority(os.PRIO_PROCESS, pid))

    def cpu_seconds(self) -> float:
        """Return the processor seconds of the server and its processes so far, from /proc."""
        total, ticks = 0.0, os.sysconf("SC_CLK_TCK")
        for pid in (self.process.pid, *self.descendants()):
            with contextlib.suppress(OSError):  # it ended meanwhile
                values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                total += (int(values[11]) + int(values[12])) / ticks
        return total

    def kill(self) -> None:
        """Kill the server."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Terminate the server."""
        self.process.terminate()
        self.process.wait(60)
