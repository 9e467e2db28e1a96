"""Benchmarks of the studio: page and preview times, a hundred clients, a killed server, and the cost of previews.

python benchmarks/studio.py [--only page,crowd,previews] [--sizes 256,512,1024] [--seconds 8]

The page opens in Chromium if it is installed (extra `browser`). The cost of previews is the processor time per step
with and without previews, in alternating runs, so that other load on the machine matters less.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from impasto.optimize import Painter, Stepped, make_recipe, open_job
from impasto.plates import paint
from impasto.studio.paint_process import PREVIEW_SECONDS, PREVIEW_SHARE, preview
from studio_crowd import crowd
from studio_page import measure


def cost(size: int, seconds: float) -> tuple[float, float, float]:
    """Return processor seconds a step without and with previews, and wall seconds of a preview."""
    recipe = make_recipe(size=size, scales=((size, 100_000),), base=None)
    painter = Painter(open_job(recipe, paint("paper", max(64, size)), [paint("swirls", max(64, size))]))
    sender, receiver = multiprocessing.Pipe()
    threading.Thread(target=listen, args=(receiver,), daemon=True).start()
    stream = painter.events()
    step_seconds: dict[bool, list[float]] = {False: [], True: []}
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
                sender.send(("preview", "id", preview(painter, None)))
                walls.append(time.monotonic() - now)
                next_preview = now + max(PREVIEW_SECONDS, PREVIEW_SHARE * walls[-1])
        step_seconds[previewing].append((time.process_time() - cpu) / steps)
    stream.close()
    return min(step_seconds[False]), min(step_seconds[True]), statistics.median(walls)


def listen(pipe: Any) -> None:
    """Receive all messages, as the server does."""
    with contextlib.suppress(EOFError):
        while True:
            pipe.recv()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="256,512,1024")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--only", default="page,crowd,previews")
    options = parser.parse_args()
    only = options.only.split(",")
    with tempfile.TemporaryDirectory() as folder:
        for name, run in (("page", measure), ("crowd", crowd)):
            if name in only:
                print(*run(Path(folder) / name), sep="\n", flush=True)
    if "previews" in only:
        print("size  CPU ms a step  with previews  more  ms a preview")
        for size in map(int, options.sizes.split(",")):
            without, with_previews, wall = cost(size, options.seconds)
            more = f"{with_previews / without - 1:+.1%}"
            print(
                f"{size:4}  {1e3 * without:13.1f}  {1e3 * with_previews:13.1f}  {more}  {1e3 * wall:.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
