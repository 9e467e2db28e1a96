"""CONTENT of a strength through the real VGG-19, over pairs and sizes.

    python benchmarks/strength.py [--pairs 1-8] [--sizes 256,512,1024] [--strengths .5] [--encoder compact|vgg19]
                                  [--quality normal] [--out strength.json]

A picture is measured at its own size, or at 512 pixels if it is larger. The coefficient of variation is computed over
all pairs, per size and over all sizes.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path

import impasto
from common import PAIRS, VGG19, numbers, open_judge, pair, require_shared
from impasto.metrics import judge


def variation(values: list[float]) -> float:
    """Return the coefficient of variation."""
    return statistics.pstdev(values) / statistics.mean(values)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=numbers, default=list(range(1, 9)))
    parser.add_argument("--sizes", type=lambda t: [int(v) for v in t.split(",")], default=[256, 512, 1024])
    parser.add_argument("--strengths", type=lambda t: [float(v) for v in t.split(",")], default=[0.5])
    parser.add_argument("--encoder", default="compact")
    parser.add_argument("--quality", default="normal")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    require_shared()
    judging = open_judge()
    rows = []
    for strength in options.strengths:
        every = []
        for size in options.sizes:
            longest, found = min(size, 512), []
            for number in options.pairs:
                content, style = pair(number - 1)
                result = impasto.stylize(
                    content, style, size=size, strength=strength, quality=options.quality,
                    encoder=options.encoder, weights=str(VGG19) if options.encoder == "vgg19" else None,
                )  # fmt: skip
                photo, art = (impasto.read_picture(p, longest=longest).pixels for p in (content, style))
                scores = judge(result.pixels, photo, art, judging, longest, ("style5", "content"))
                found.append(scores.content)
                rows.append(
                    {
                        "strength": strength, "size": size, "pair": number, "content": scores.content,
                        "style5": scores.style5,
                    }
                )  # fmt: skip
                print(
                    f"strength {strength} size {size} {' x '.join(PAIRS[number - 1]):32} CONTENT {scores.content:.3f} "
                    f"STYLE5 {scores.style5:.3f} {result.seconds:.1f} s",
                    flush=True,
                )
            print(
                f"size {size}: mean {statistics.mean(found):.3f}, coefficient of variation {variation(found):.3f}"
            )
            every += found
        print(f"strength {strength}, all sizes: coefficient of variation {variation(every):.3f}", flush=True)
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
