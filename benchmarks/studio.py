"""What previews cost the painting, and how soon the page is there.

python benchmarks/studio.py [--sizes 256,512,1024] [--seconds 8]

Each size is painted in turns with and without previews (made, shrunk, encoded and sent as the studio's painting process
does), by processor time a step, so that a busy machine matters less.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from typing import Any

from impasto.optimize import Painter, Stepped, make_recipe, open_job
from impasto.plates import paint
from impasto.studio.painting import PREVIEW_SECONDS, PREVIEW_SHARE, preview


def cost(size: int, seconds: float) -> tuple[float, float, float]:
    """Return processor seconds a step without and with previews, and wall seconds of a preview."""
    recipe = make_recipe(size=size, scales=((size, 100_000),), base=None)
    painter = Painter(open_job(recipe, paint("paper", max(64, size)), [paint("swirls", max(64, size))]))
    ours, theirs = multiprocessing.Pipe()
    threading.Thread(target=listen, args=(theirs,), daemon=True).start()
    stream = painter.events()
    spent: dict[bool, list[float]] = {False: [], True: []}
    walls: list[float] = []
    for turn in range(6):
        previewing, steps, next_preview = bool(turn % 2), 0, 0.0
        began, cpu = time.monotonic(), time.process_time()
        while time.monotonic() - began < seconds:
            if not isinstance(next(stream), Stepped):
                continue
            steps += 1
            now = time.monotonic()
            if previewing and now >= next_preview:
                ours.send(("preview", "id", preview(painter, None)))
                walls.append(time.monotonic() - now)
                next_preview = now + max(PREVIEW_SECONDS, PREVIEW_SHARE * walls[-1])
        spent[previewing].append((time.process_time() - cpu) / steps)
    stream.close()
    return min(spent[False]), min(spent[True]), statistics.median(walls)


def listen(pipe: Any) -> None:
    """Take what is sent, as the server does."""
    with contextlib.suppress(EOFError):
        while True:
            pipe.recv()


def start() -> float:
    """Return the seconds from the command to the page."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        words: list[Any] = [
            sys.executable,
            "-m",
            "impasto",
            "studio",
            "--no-open",
            "--port",
            "0",
            "--data",
            folder,
        ]
        server = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        urllib.request.urlopen(server.stdout.readline().strip()).read()
        found = time.monotonic() - began
        server.terminate()
        server.wait()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="256,512,1024")
    parser.add_argument("--seconds", type=float, default=8.0)
    given = parser.parse_args()
    print(f"page after {min(start() for _ in range(3)):.2f} s", flush=True)
    print("size  CPU ms a step  with previews  more  ms a preview")
    for size in map(int, given.sizes.split(",")):
        plain, previewed, wall = cost(size, given.seconds)
        print(
            f"{size:4}  {1e3 * plain:13.1f}  {1e3 * previewed:13.1f}  {previewed / plain - 1:+.1%}  {1e3 * wall:.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
