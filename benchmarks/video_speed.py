"""Speed and memory of ``impasto video``: whole processes, reading and writing included.

    python benchmarks/video_speed.py CLIP [--frames 25,125] [--runs 2] [--style swirls.jpg] [-- --method keyframes ...]

Paints the first frames of CLIP, once for each number of frames, in a process of its own. A clip that is shorter is
played back and forth. What follows ``--`` goes to ``impasto video``. The time of a frame is the difference between the
shortest runs of the largest and the smallest number, divided by the difference of the frames: start-up is not in it.
Needs the extra `video`, and no other pictures.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

from impasto.video.assemble import write_silent
from impasto.video.encode import samples_of
from impasto.video.open_clip import open_clip

STYLE = Path(__file__).parents[1] / "src/impasto/studio/samples/swirls.jpg"


class Cost(NamedTuple):
    """What one process took."""

    seconds: float
    cpu_seconds: float
    peak_megabytes: float


def write_source(path: Path, clip: Path, count: int) -> None:
    """Write the first `count` frames of a clip, back and forth if it has fewer."""
    opened = open_clip(clip)
    frames = [samples_of(frame.pixels(), False) for frame in islice(opened.frames(), count)]
    there_and_back = [*frames, *frames[-2:0:-1]]
    write_silent(path, islice(cycle(there_and_back), count), opened.info.rate)


def run(command: list[str]) -> Cost:
    """Run a command and return its cost."""
    start = time.monotonic()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} failed")
    return Cost(time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--frames", default="25,125")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--style", type=Path, default=STYLE)
    words = sys.argv[1:]
    split = words.index("--") if "--" in words else len(words)
    options, passed_on = parser.parse_args(words[:split]), words[split + 1 :]
    best: dict[int, Cost] = {}
    with tempfile.TemporaryDirectory() as folder:
        sources = {int(text): Path(folder) / f"{text}.mp4" for text in options.frames.split(",")}
        for count, source in sources.items():
            write_source(source, options.clip, count)
        for number in range(options.runs):
            for count, source in sources.items():
                painted = Path(folder) / f"painted-{number}-{count}.mp4"
                arguments = [str(source), str(options.style), "-o", str(painted), "--quiet", *passed_on]
                cost = run([sys.executable, "-m", "impasto", "video", *arguments])
                print(
                    f"{count} frames: {cost.seconds:.2f} s, CPU {cost.cpu_seconds:.2f} s, "
                    f"peak {cost.peak_megabytes:.0f} MB",
                    flush=True,
                )
                best[count] = min(cost, best.get(count, cost))
    few, many = min(best), max(best)
    if many > few:
        seconds, cpu = (
            (getattr(best[many], name) - getattr(best[few], name)) / (many - few)
            for name in ("seconds", "cpu_seconds")
        )
        growth = best[many].peak_megabytes / best[few].peak_megabytes - 1
        print(
            f"{1 / seconds:.2f} frames a second, CPU {1000 * cpu:.0f} ms a frame; "
            f"the peak grows by {100 * growth:.1f} %"
        )


if __name__ == "__main__":
    main()
