"""No picture is lost and none is half there: kill -9 at random moments, a damaged database, a full disk.

python benchmarks/studio_crashes.py [--kills 20] [--seed 0] [--disk FOLDER]

While jobs are painted and pictures are sent, one process (server, worker, image or preview process) is killed at a
random moment, the server is started again where needed, and everything that was finished is looked at. Then the
database is cut off in the middle. With ``--disk``, a folder on a small disk of its own (such as a tmpfs of 300 MB)
is filled while a job is painted, and emptied again.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy
import requests
from PIL import Image

from studio_server import TINY, Server

JOB = {**TINY, "start": "content", "steps": 60}


class Watcher:
    """Knows which pictures were finished, and finds those that are lost or half there."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.finished: set[str] = set()
        self.lost: list[str] = []

    def look(self) -> None:
        """Compare the gallery with what was finished before; decode every picture and read its recipe."""
        jobs = {job["id"]: job for job in all_jobs(self.server)}
        for name in self.finished - {name for name, job in jobs.items() if job["has_picture"]}:
            self.lost.append(f"{name} is lost")
        for name, job in jobs.items():
            if job["state"] == "failed":
                self.lost.append(f"{name} failed: {job['error']}")
            if job["has_picture"]:
                self.finished.add(name)
                with (
                    contextlib.suppress(ConnectionError),
                    Image.open(io.BytesIO(self.picture(name))) as image,
                ):
                    image.load()
                    if "impasto" not in image.info:
                        self.lost.append(f"{name} has no recipe")
        stray = [path for path in self.server.folder.glob("jobs/*/.impasto-*") if age(path) > 60]
        self.lost += [f"{path} is half a file" for path in stray]

    def picture(self, name: str) -> bytes:
        return bytes(self.server.ask("GET", f"/api/jobs/{name}/picture"))


def age(path: Path) -> float:
    """Return the seconds since a file was changed."""
    with contextlib.suppress(OSError):
        return time.time() - path.stat().st_mtime
    return 0.0


def all_jobs(server: Server) -> list[dict[str, Any]]:
    """Return all jobs of a studio."""
    found, cursor = [], ""
    while True:
        page = server.ask("GET", f"/api/jobs?limit=100{cursor}")
        found += page["jobs"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def noise(rng: random.Random) -> bytes:
    """Return the JPEG file of a picture that differs from all others."""
    buffer = io.BytesIO()
    values = numpy.random.default_rng(rng.getrandbits(32)).integers(0, 256, (48, 64, 3), dtype="uint8")
    Image.fromarray(values).save(buffer, "JPEG")
    return buffer.getvalue()


def pids(server: Server) -> list[int]:
    """Return the processes of the server that run now, the server first."""
    return [server.process.pid, *server.descendants()]


def send_for_ever(server: Server, rng: random.Random, stop: threading.Event) -> None:
    """Send pictures without a break, so that some are on their way at every moment."""
    while not stop.is_set():
        with contextlib.suppress(AssertionError, requests.RequestException):
            server.send(noise(rng))
        time.sleep(0.05)


def wait_for_steps(server: Server) -> None:
    """Wait until a job has been painted for a step, at most two minutes."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if any(job["state"] == "running" and job["step"] for job in all_jobs(server)):
            return
        time.sleep(0.1)


def kills(folder: Path, count: int, rng: random.Random) -> list[str]:
    """Kill a random process ``count`` times; return what was lost."""
    server = Server(folder)
    watcher, stop = Watcher(server), threading.Event()
    threading.Thread(target=send_for_ever, args=(server, random.Random(1), stop), daemon=True).start()
    content, style = server.send(noise(rng)), server.send(noise(rng))
    for number in range(count):
        waiting = sum(job["state"] in ("queued", "running") for job in all_jobs(server))
        for _ in range(max(0, 3 - waiting)):
            order = {"content": content, "styles": [style], "recipe": {**JOB, "seed": rng.getrandbits(16)}}
            server.ask("POST", "/api/jobs", json=order)
        if number % 2:  # every other moment is one at which pictures are painted, not one of a start
            wait_for_steps(server)
        time.sleep(rng.uniform(0, 6))
        running = pids(server)
        victim = rng.choice([running[0], rng.choice(running)])
        os.kill(victim, signal.SIGKILL)
        if victim == running[0]:
            server.process.wait()
            server.start()
        watcher.look()
        what = "server" if victim == running[0] else "helper"
        print(
            f"kill {number + 1:2}: {what}, {len(watcher.finished)} finished, {len(watcher.lost)} lost",
            flush=True,
        )
    stop.set()
    while any(job["state"] in ("queued", "running") for job in all_jobs(server)):
        time.sleep(0.5)
    watcher.look()
    server.kill()
    database = folder / "studio.sqlite"
    database.write_bytes(database.read_bytes()[: database.stat().st_size // 2])
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    server.start()
    watcher.look()
    print(f"database cut in half: {len(watcher.finished)} finished, {len(watcher.lost)} lost", flush=True)
    server.stop()
    return watcher.lost


def full_disk(folder: Path, rng: random.Random) -> list[str]:
    """Fill the disk of ``folder`` during a job and empty it again; return what was lost."""
    server = Server(folder / "studio")
    watcher = Watcher(server)
    content, style = server.send(noise(rng)), server.send(noise(rng))
    order = {"content": content, "styles": [style], "recipe": {**JOB, "steps": 3000}}
    server.ask("POST", "/api/jobs", json={**order, "recipe": JOB})
    job = server.ask("POST", "/api/jobs", json=order)["id"]
    server.wait(job, "running", step=20)
    filler = folder / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 20))
    paused = server.wait(job, "paused", "done")
    answer = requests.post(
        f"{server.url}/api/pictures", noise(rng), headers={"content-type": "image/jpeg"}, timeout=60
    )
    print(f"disk full: the job is {paused['state']} ({paused['error']}), an upload gets {answer.status_code}")
    watcher.look()
    filler.unlink()
    server.wait(job, "done")
    watcher.look()
    print(f"disk with room: the job is done, {len(watcher.finished)} finished, {len(watcher.lost)} lost")
    server.stop()
    return watcher.lost


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--disk", type=Path)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        lost = kills(Path(folder) / "studio", options.kills, rng) if options.kills else []
    if options.disk is not None:
        lost += full_disk(options.disk, rng)
        shutil.rmtree(options.disk / "studio")
    print(*lost, sep="\n")
    print(f"{len(lost)} pictures lost or half there")


if __name__ == "__main__":
    main()
