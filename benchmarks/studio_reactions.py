"""How soon the studio's page reacts, in Chromium, with pictures of 512 pixels: four medians.

python benchmarks/studio_reactions.py [--turns 20] [--only strength,stroke,style,paint]

Measured are the seconds from a moved slider to its preview, from a dropped style to its preview, and from Paint to the
first step's picture. Other programs make them longer, so the load of the machine is printed, and the processor seconds
that the studio used for each answer.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from studio_page import DROP, SLIDE, STRENGTHS, chromium, encoded, open_page
from studio_server import Server

SIDE = 512
STYLES = ("swirls", "woodcut", "glass", "points", "ink")
ASKED = {"strength": 0.3, "stroke": 0.6, "style": 0.6, "paint": 2.0}
NAMES = {
    "strength": "strength moved to preview",
    "stroke": "stroke moved to preview",
    "style": "style dropped to preview",
    "paint": "Paint to first step",
}
# Presses Paint, waits for the first step's picture, answers the seconds.
PAINT = """async () => {
  const began = performance.now();
  document.getElementById('paint').click();
  while (!document.querySelector("img.after.shown[src*='/preview?v=']")) {
    if (performance.now() - began > 600_000) throw Error('no step after 10 min');
    await new Promise((go) => setTimeout(go, 5));
  }
  return (performance.now() - began) / 1000;
}"""


def slider(page: Any, name: str, values: list[float]) -> Iterator[Callable[[], float]]:
    """Yield functions that move a slider to a value and return the seconds until its preview."""
    for value in values:
        page.wait_for_timeout(1500)
        yield lambda value=value: float(page.evaluate(SLIDE, [name, value]))


def styles(page: Any, turns: int) -> Iterator[Callable[[], float]]:
    """Yield functions that drop another style, each of other bytes so that nothing is remembered."""
    page.evaluate("sessionStorage.clear()")
    for turn in range(turns):
        page.click("#sources [aria-label='Remove style 1']")
        style = encoded(STYLES[turn % len(STYLES)], SIDE, 70 + turn)
        page.wait_for_timeout(1500)
        yield lambda style=style: float(page.evaluate(DROP, [style]))


def paintings(page: Any, turns: int) -> Iterator[Callable[[], float]]:
    """Yield functions that press Paint; each painting is cancelled after its first step."""
    for _ in range(turns):
        page.wait_for_timeout(2500)
        yield lambda: float(page.evaluate(PAINT))
        page.click(".run-buttons >> text=Cancel")
        page.click(".run-buttons >> text=Paint again")


def measure(server: Server, page: Any, names: list[str], turns: int) -> None:
    """Print a line for each name: the median, the range, the processor seconds and the load."""
    page.wait_for_timeout(12_000)  # the networks load in the background meanwhile
    first = page.evaluate(DROP, [encoded(name, SIDE) for name in ("paper", "swirls")])
    print(f"first preview {first:.2f} s after two pictures", flush=True)
    strokes = [round(0.5 + 2 * ((7 * k) % turns) / turns, 2) for k in range(turns)]
    series = {
        "strength": slider(page, "Strength", (STRENGTHS * turns)[:turns]),
        "stroke": slider(page, "Stroke", strokes),
        "style": styles(page, turns),
        "paint": paintings(page, turns),
    }
    for name in names:
        seconds, cpu = [], []
        for answer in series[name]:
            before = server.cpu_seconds()
            seconds.append(answer())
            cpu.append(server.cpu_seconds() - before)
        print(
            f"{NAMES[name]:25} {statistics.median(seconds):.2f} s (asked {ASKED[name]:.1f}; median of {turns}, "
            f"{min(seconds):.2f} to {max(seconds):.2f}), {statistics.median(cpu):.2f} processor seconds, "
            f"load {os.getloadavg()[0]:.1f} at {time.strftime('%H:%M')}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--only", default="strength,stroke,style,paint")
    options = parser.parse_args()
    turns = options.turns
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        if browser is None:
            raise SystemExit("Chromium and playwright are needed; see docs/studio.md.")
        server, page, _, _ = open_page(Path(folder), browser)
        try:
            measure(server, page, options.only.split(","), turns)
        finally:
            page.close()
            server.stop()


if __name__ == "__main__":
    main()
