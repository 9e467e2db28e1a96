"""Steps that the optimiser saves when it starts from a picture painted in one pass.

    python benchmarks/fast_start.py [--pairs 0,2,5]

Prints STYLE5 and CONTENT through the real VGG-19 at 512 pixels, means over development pairs (numbered from 0).
Compares the default start with a start from a picture of `impasto stylize --fast`, for the draft (10 steps), for 20 and
36 steps at full size, and for the whole default run.
"""

from __future__ import annotations

import argparse
import statistics as st
import tempfile
from pathlib import Path
from typing import Any

from common import open_judge, pair, read, require_shared
from impasto import OnePassSettings, Stylizer, judge, stylize
from impasto.encoders import tune_process

RUNS: dict[str, dict[str, Any]] = {
    "draft": {"quality": "draft"}, "20 steps": {"scales": "512:20"}, "36 steps": {"scales": "512:36"}, "default": {}
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", default="0,2,5")
    options = parser.parse_args()
    require_shared()
    tune_process()
    verdict, stylizer = open_judge(), Stylizer()
    one_pass = OnePassSettings(strength=0.5, size=512)
    found: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for index in map(int, options.pairs.split(",")):
            photo, painting = map(str, pair(index))
            content, style = read(Path(photo)), read(Path(painting))
            first = stylizer.paint(photo, [painting], one_pass).save(Path(folder) / "first.png")
            for name, settings in RUNS.items():
                for start in ("content", str(first)):
                    own = {} if start == "content" else {"start": "picture", "start_picture": start}
                    picture = stylize(photo, painting, size=512, **settings, **own).pixels
                    score = judge(picture, content, style, verdict, measures=("style5", "content"))
                    key = f"{name}, from {'the photograph' if start == 'content' else 'one pass'}"
                    found.setdefault(key, []).append((score.style5, score.content))
    for key, rows in found.items():
        style_mean, content_mean = (st.mean(column) for column in zip(*rows, strict=True))
        print(f"{key}: STYLE5 {style_mean:.3f}, CONTENT {content_mean:.3f}")


if __name__ == "__main__":
    main()
