"""How soon the page and its previews are there, what a hundred watchers and a kill do, what previews cost the painting.

python benchmarks/studio.py [--only page,crowd,previews] [--sizes 256,512,1024] [--seconds 8]

The page is opened in Chromium where there is one (the extra `browser`). For the cost of previews each size is painted
in turns with and without them (made, shrunk, encoded and sent as the studio's painting process does), by processor time
a step, so that a busy machine matters less.
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="256,512,1024")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--only", default="page,crowd,previews")
    given = parser.parse_args()
    only = given.only.split(",")
    with tempfile.TemporaryDirectory() as folder:
        for name, run in (("page", measure), ("crowd", crowd)):
            if name in only:
                print(*run(Path(folder) / name), sep="\n", flush=True)
    if "previews" in only:
        print("size  CPU ms a step  with previews  more  ms a preview")
        for size in map(int, given.sizes.split(",")):
            plain, previewed, wall = cost(size, given.seconds)
            more = f"{previewed / plain - 1:+.1%}"
            print(
                f"{size:4}  {1e3 * plain:13.1f}  {1e3 * previewed:13.1f}  {more}  {1e3 * wall:.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
