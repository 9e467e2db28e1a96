"""Ratios of STYLE and NOISE between two fronts of front.py at equal CONTENT, for every pair.

    python benchmarks/compare_fronts.py compact.json vgg19.json [--contents .3,.4,.6,.8,1.1]

log STYLE is linearly interpolated in CONTENT. A pair whose fronts do not both reach a CONTENT level is left out there.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import statistics
from pathlib import Path

Front = list[tuple[float, float, float]]


def fronts(path: Path) -> dict[int, Front]:
    """Return pair -> sorted (CONTENT, STYLE, NOISE)."""
    found: dict[int, Front] = {}
    for row in json.loads(path.read_text(encoding="utf-8")):
        if "strength" in row:
            found.setdefault(row["pair"], []).append((row["content"], row["style"], row["noise"]))
    return {pair: sorted(points) for pair, points in found.items()}


def at(front: Front, content: float) -> tuple[float, float] | None:
    """Return (STYLE, NOISE) at ``content``, or None outside the front."""
    for (c0, s0, n0), (c1, s1, n1) in itertools.pairwise(front):
        if c0 <= content <= c1:
            t = (content - c0) / max(c1 - c0, 1e-9)
            return math.exp((1 - t) * math.log(s0) + t * math.log(s1)), (1 - t) * n0 + t * n1
    return None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ours", type=Path)
    parser.add_argument("theirs", type=Path)
    parser.add_argument("--contents", default=".3,.412,.6,.8,1.0,1.1")
    options = parser.parse_args()
    ours, theirs = fronts(options.ours), fronts(options.theirs)
    print(f"{'CONTENT':>8} {'pairs':>5} {'STYLE ratio median':>19} {'worst':>6} {'NOISE ratio median':>19}")
    for content in (float(value) for value in options.contents.split(",")):
        both = [(at(ours[p], content), at(theirs[p], content)) for p in ours if p in theirs]
        known = [(a, b) for a, b in both if a and b]
        if not known:
            print(f"{content:8.3f} {0:5}")
            continue
        styles = [a[0] / b[0] for a, b in known]
        noises = [a[1] / b[1] for a, b in known]
        print(
            f"{content:8.3f} {len(known):5} {statistics.median(styles):19.2f} {max(styles):6.2f} "
            f"{statistics.median(noises):19.2f}"
        )


if __name__ == "__main__":
    main()
