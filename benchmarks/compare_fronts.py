"""Ratios of STYLE5, NOISE and the checkerboard index between two fronts of front.py at equal CONTENT, for every pair.

    python benchmarks/compare_fronts.py compact.json vgg19.json [--contents .3,.4,.6,.8,1.1]

Their logarithms are linearly interpolated in CONTENT. A pair whose fronts do not both reach a CONTENT level is left out
there.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path

from common import value_at

FIGURES = ("style5", "noise", "checkerboard")


def fronts(path: Path) -> dict[int, list[dict[str, float]]]:
    """Return pair -> its rows, one per strength."""
    found: dict[int, list[dict[str, float]]] = {}
    for row in json.loads(path.read_text(encoding="utf-8")):
        if "strength" in row:
            found.setdefault(row["pair"], []).append(row)
    return found


def ratios(
    ours: list[dict[str, float]], theirs: list[dict[str, float]], content: float
) -> list[float] | None:
    """Return our value over theirs of each of `FIGURES` at ``content``; None unless both fronts reach it."""
    found = []
    for name in FIGURES:
        both = [value_at([(row["content"], row[name]) for row in front], content) for front in (ours, theirs)]
        if both[0] is None or both[1] is None:
            return None
        found.append(both[0] / both[1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ours", type=Path)
    parser.add_argument("theirs", type=Path)
    parser.add_argument("--contents", default=".3,.412,.6,.8,1.0,1.1")
    options = parser.parse_args()
    ours, theirs = fronts(options.ours), fronts(options.theirs)
    print(" ".join(["CONTENT pairs", *(f"{name} ratio median, worst" for name in FIGURES)]))
    for content in (float(value) for value in options.contents.split(",")):
        found = [ratios(ours[p], theirs[p], content) for p in ours if p in theirs]
        columns = list(zip(*(row for row in found if row is not None), strict=True))
        count = len(columns[0]) if columns else 0
        values = " ".join(f"{statistics.median(column):.2f}, {max(column):.2f}" for column in columns)
        print(f"{content:.3f} {count} {values}")


if __name__ == "__main__":
    main()
