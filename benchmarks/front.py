"""The front of STYLE5 against CONTENT on the development pairs, through the real VGG-19.

    python benchmarks/front.py [--pairs 1-8] [--strengths .2,.5,.8] [--encoder vgg19] [--quality normal]
                               [--size 512] [--out front.json] [--pictures DIR] [--no-baselines]

Each row is one picture, painted with the recipe of the options (by default through the encoders of the preset), with
every measure of docs/judging.md. Compare methods at equal CONTENT.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import impasto
from common import PAIRS, VGG19, numbers, open_judge, pair, require_shared, score_line
from impasto.metrics import judge, judge_with_baselines


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=numbers, default=list(range(1, 9)))
    parser.add_argument(
        "--strengths", type=lambda t: [float(v) for v in t.split(",")], default=[0.2, 0.5, 0.8]
    )
    parser.add_argument("--encoder", help="by default that of the preset")
    parser.add_argument("--preset", default="impasto")
    parser.add_argument("--quality", default="normal")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--baselines", action=argparse.BooleanOptionalAction, default=True)
    return parser.parse_args()


def main() -> None:
    options = arguments()
    require_shared()
    judging = open_judge()
    fields = {} if options.encoder is None else {"encoder": options.encoder}
    if options.encoder == "vgg19":
        fields["weights"] = str(VGG19)
    rows = []
    for number in options.pairs:
        content, style = pair(number - 1)
        name = " x ".join(PAIRS[number - 1])
        photo, art = (
            impasto.read_picture(content, longest=512).pixels,
            impasto.read_picture(style, longest=512).pixels,
        )
        if options.baselines:
            for kind, scores in judge_with_baselines(photo, photo, art, judging).items():
                if kind != "output":
                    print(f"{number} {name}, unchanged {kind}: {score_line(scores)}")
                    rows.append({"pair": number, "baseline": kind, **scores})
        for strength in options.strengths:
            start = time.perf_counter()
            result = impasto.stylize(
                content, style, preset=options.preset, strength=strength, size=options.size, quality=options.quality,
                **fields,
            )  # fmt: skip
            seconds = time.perf_counter() - start
            scores = judge(result.pixels, photo, art, judging)
            rows.append({"pair": number, "strength": strength, "seconds": seconds, **scores})
            print(
                f"{number} {name}, strength {strength:g}: {score_line(scores)}, {seconds:.1f} s", flush=True
            )
            if options.pictures:
                options.pictures.mkdir(parents=True, exist_ok=True)
                file = f"{number}-{options.encoder or options.preset}-{options.quality}-{strength}.png"
                result.save(options.pictures / file)
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
