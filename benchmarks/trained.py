"""STYLE and CONTENT of trained styles, compared with the optimiser, on held-out photographs.

    python benchmarks/trained.py NETWORK PAINTING [NETWORK PAINTING ...] [--photos 10] [--conditioning .6,.8]

NETWORK is a file or the name of a network that ships, PAINTING the style image that it was trained on. Both distances
are measured through the real VGG-19 at 512 pixels. The optimiser paints with its defaults. No training used the
photographs (every 16th of photos/). Prints means, and the ratios of network to optimiser.
"""

from __future__ import annotations

import argparse
import random
import statistics as st
import time
from pathlib import Path

from anystyle import HELD_OUT_EVERY, open_judge, read
from common import SHARED, require_shared
from impasto.encoders import tune_process
from impasto.feedforward.open_network import find_model, open_model
from impasto.feedforward.runner import NetworkRunner
from impasto.imaging import write_picture
from impasto.metrics import judge
from impasto.painting import stylize


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pairs", nargs="+", type=Path)
    parser.add_argument("--photos", type=int, default=10)
    parser.add_argument("--conditioning", help="strengths; by default the network's default strength")
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    require_shared()
    tune_process()
    verdict = open_judge()
    photos = random.Random(10).sample(
        sorted((SHARED / "photos").glob("*.jpg"))[::HELD_OUT_EVERY], options.photos
    )
    for network, painting in zip(options.pairs[::2], options.pairs[1::2], strict=True):
        model = open_model(find_model(str(network)))
        runner = NetworkRunner(model.network, model.card)
        conditioning = (
            [float(word) for word in options.conditioning.split(",")]
            if options.conditioning
            else [model.default_strength]
        )
        style = read(painting)
        sums: dict[str, list[tuple[float, float, float]]] = {}
        for photo in photos:
            content = read(photo)
            rows = {}
            for one in conditioning:
                style_params = model.mixed_style_params(model.names[:1], None, one)
                start = time.perf_counter()
                rows[f"conditioning {one:g}"] = (
                    runner.paint(content, style_params),
                    time.perf_counter() - start,
                )
            start = time.perf_counter()
            result = stylize(str(photo), str(painting), size=512)
            rows["optimised"] = result.pixels, time.perf_counter() - start
            for key, (picture, seconds) in rows.items():
                score = judge(picture, content, style, verdict)
                sums.setdefault(key, []).append((score.style, score.content, seconds))
                if options.pictures:
                    options.pictures.mkdir(parents=True, exist_ok=True)
                    write_picture(options.pictures / f"{network.stem} {photo.stem} {key}.png", picture)
        means = {key: [st.mean(column) for column in zip(*found, strict=True)] for key, found in sums.items()}
        best = means["optimised"]
        for key, (style_mean, content_mean, seconds) in means.items():
            print(
                f"{network.stem}, {key}: STYLE {style_mean:.3f} ({style_mean / best[0]:.2f} times), CONTENT "
                f"{content_mean:.3f} ({content_mean / best[1]:.2f} times), {seconds:.3f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
