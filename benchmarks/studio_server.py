"""A studio in a process of its own, for the benchmarks: started, asked, killed."""

from __future__ import annotations

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
            [*words, str(self.folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip().rstrip("/")

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Return the JSON of an answer; waits where the studio says that this was too much at once."""
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
        """Return a job as soon as it is in one of these states and so far."""
        while True:
            found: dict[str, Any] = self.ask("GET", f"/api/jobs/{job}")
            assert found["state"] != "failed", found["error"]
            if found["state"] in states and found["step"] >= step:
                return found
            time.sleep(0.05)

    def memory(self, what: str = "VmRSS") -> float:
        """Return megabytes of the server process (not of those that paint), by /proc."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024

    def painter(self) -> int:
        """Return the number of the process that paints: the first that the server started."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = stat.read_text().rpartition(")")[2].split()[1]
                command = (stat.parent / "cmdline").read_bytes()
            except OSError:
                continue
            if int(parent) == self.process.pid and b"spawn_main" in command:
                found.append(int(stat.parent.name))
        return min(found)

    def kill(self) -> None:
        """End it as a power failure would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it as a service manager does."""
        self.process.terminate()
        self.process.wait(60)
