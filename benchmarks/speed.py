"""Time of the whole process from start to saved file, in seconds and in U.

    python benchmarks/speed.py [--runs 3] [--size 512] [--qualities draft,normal,high]

The unit U is the time of one forward pass and pixel gradient of VGG-19 up to relu5_1, in float32 and NCHW, at the
output's size. Runs alternate with measurements of U.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from common import Unit, pair, require_shared


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--qualities", default="draft,normal,high")
    options = parser.parse_args()
    require_shared()
    content, style = pair(0)
    qualities = options.qualities.split(",")
    seconds: dict[str, list[float]] = {quality: [] for quality in qualities}
    units: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.png"
        unit: Unit | None = None
        for _ in range(options.runs):
            for quality in qualities:
                command = [sys.executable, "-m", "impasto", "stylize", str(content), str(style), "-o", str(out),
                           "--size", str(options.size), "--quality", quality, "--quiet"]  # fmt: skip
                start = time.perf_counter()
                subprocess.run(command, check=True)
                seconds[quality].append(time.perf_counter() - start)
                if unit is None:
                    with Image.open(out) as image:
                        unit = Unit(image.height, image.width)
                units.append(unit.median(3))
    one = statistics.median(units)
    print(f"U = {one:.2f} s (median of {len(units)})")
    for quality in qualities:
        median = statistics.median(seconds[quality])
        print(
            f"{quality:7} {median:6.1f} s = {median / one:5.1f} U   ({', '.join(f'{s:.1f}' for s in seconds[quality])})"
        )


if __name__ == "__main__":
    main()
