"""A batch on two local Ray nodes, of which workers, the second node and the driver are killed at random moments.

Paints COUNT pictures, 2 % of them bad, by `impasto batch --cluster`, and checks what is left: a picture for every good
one, a row for every picture, none twice, none lost, none half written. The driver is started again after it was killed,
with the same command. Run it with

    python benchmarks/batch_survives.py --count 1000 --kills worker worker worker node node node driver driver driver
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy
from PIL import Image

from impasto.imaging import read_embedded_json

SIDE = 64


def make_pictures(folder: Path, count: int, bad: int, rng: random.Random) -> set[str]:
    """Write `count` pictures, `bad` of them unreadable, and their manifest; return the ids of the good ones."""
    noise = numpy.random.default_rng(0)
    broken = set(rng.sample(range(count), bad))
    rows = ["id,content"]
    for number in range(count):
        path = folder / f"p{number:04}.png"
        small = (noise.random((8, 10, 3)) * 255).astype("uint8")
        Image.fromarray(small).resize((SIDE, SIDE * 3 // 4), Image.Resampling.BICUBIC).save(path)
        if number in broken:
            path.write_bytes(path.read_bytes()[: rng.choice((0, 30, 200))])
        rows.append(f"{path.stem},{path.name}")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    return {f"p{number:04}" for number in range(count) if number not in broken}


def worker_processes() -> list[int]:
    """Return the processes of this user's Ray actors that paint."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                title = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if title.startswith(b"ray::_Actor"):
                found.append(int(entry.name))
    return found


class Rehearsal:
    """The cluster, the driver, and what is killed."""

    def __init__(self, folder: Path, options: argparse.Namespace, rng: random.Random) -> None:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        from ray.cluster_utils import Cluster

        self.folder, self.rng, self.log = folder, rng, []
        os.environ.setdefault("RAY_raylet_start_wait_time_s", "120")
        self.cluster = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
        )
        self.node: Any = self.cluster.add_node(num_cpus=1)
        self.command = [
            sys.executable, "-m", "impasto", "batch", "--manifest", str(folder / "manifest.csv"), "--style",
            str(folder / "art.png"), "--out-dir", str(folder / "out"), "--encoder", "tiny", "--size", str(SIDE),
            "--steps", str(options.steps), "--start", "content", "--cluster", self.cluster.address, "--quiet",
        ]  # fmt: skip
        self.driver = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        with (self.folder / "driver.log").open("ab") as log:
            return subprocess.Popen(self.command, stdout=log, stderr=log)

    def painted(self) -> int:
        return len(list((self.folder / "out").glob("p*.png")))

    def kill(self, what: str) -> None:
        """Kill -9 a worker, the second node, or the driver; a node and a driver are started again."""
        self.log.append(f"{what} after {self.painted()} pictures")
        if what == "worker":
            processes = worker_processes()
            if processes:
                os.kill(self.rng.choice(processes), signal.SIGKILL)
        elif what == "node":
            self.cluster.remove_node(self.node, allow_graceful=False)
            self.node = self.cluster.add_node(num_cpus=1)
        else:
            self.driver.kill()
            self.driver.wait()
            self.driver = self.start()

    def run(self, kills: list[str], count: int) -> int:
        """Paint everything, with the kills at random numbers of pictures; return the last exit code."""
        moments = sorted(self.rng.randrange(count // 50 + 1, count * 9 // 10) for _ in kills)
        for moment, what in zip(moments, self.rng.sample(kills, len(kills)), strict=True):
            while self.painted() < moment and self.driver.poll() is None:
                time.sleep(0.05)
            self.kill(what)
        return self.driver.wait()


def check(folder: Path, good: set[str], count: int) -> dict[str, Any]:
    """Return what is there, and raise AssertionError if it is not what it should be."""
    for path in (folder / "out").glob("p*.png"):
        with Image.open(path) as image:
            image.load()
            assert image.size == (SIDE, SIDE * 3 // 4), path
        assert "request" in read_embedded_json(path), path
    pictures = {path.stem for path in (folder / "out").glob("p*.png")}
    with (folder / "out" / "report.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    states = Counter(row["state"] for row in rows)
    ids = Counter(row["id"] for row in rows)
    left_over = [path.name for path in (folder / "out").iterdir() if path.name.startswith(".impasto")]
    found = {
        "pictures": len(pictures), "rows": len(rows), "states": dict(states),
        "rows twice": sum(n > 1 for n in ids.values()),
        "lost": len(good - pictures), "not asked for": len(pictures - good), "temporary files": len(left_over),
    }  # fmt: skip
    assert pictures == good, found
    assert len(rows) == len(ids) == count, found
    assert states["failed"] == count - len(good), found
    assert states["painted"] + states["finished"] == len(good), found
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument(
        "--kills", nargs="*", default=["worker", "node", "driver"], choices=["worker", "node", "driver"]
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="impasto-survives-") as scratch:
        folder = Path(scratch)
        good = make_pictures(folder, options.count, options.count // 50, rng)
        Image.effect_noise((40, 40), 80).convert("RGB").save(folder / "art.png")
        started = time.monotonic()
        rehearsal = Rehearsal(folder, options, rng)
        try:
            code = rehearsal.run(list(options.kills), options.count)
            seconds = time.monotonic() - started
            result = check(folder, good, options.count)
        except BaseException:
            print((folder / "driver.log").read_text()[-3000:], file=sys.stderr)
            raise
        finally:
            rehearsal.driver.kill()
            rehearsal.cluster.shutdown()
        print(json.dumps({"kills": rehearsal.log, "exit code": code, "seconds": round(seconds, 1), **result}))


if __name__ == "__main__":
    main()
