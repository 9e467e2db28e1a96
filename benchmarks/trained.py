"""Scores of trained styles, compared with the optimiser, on held-out photographs.

    python benchmarks/trained.py NETWORK PAINTING [NETWORK PAINTING ...] [--photos 10] [--conditioning .6,.8]
                                 [--size 512]

NETWORK is a file or the name of a network that ships, PAINTING the style image that it was trained on. The measures of
docs/judging.md are taken through the real VGG-19. The optimiser paints with its defaults. No training used the
photographs (every 16th of photos/). Prints means, the ratios of network to optimiser, and STYLE5 relative to
the optimiser's at equal CONTENT where several conditioning strengths give a front.
"""

from __future__ import annotations

import argparse
import random
import statistics as st
import time
from pathlib import Path

from anystyle import HELD_OUT_EVERY
from common import SHARED, baselines, equal_ratios, mean_scores, open_judge, read, require_shared, score_line
from impasto.encoders import tune_process
from impasto.feedforward.network_card import find_model
from impasto.feedforward.open_network import open_model
from impasto.feedforward.runner import NetworkRunner
from impasto.imaging import write_picture
from impasto.metrics import Scores, judge_pictures
from impasto.painting import stylize


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pairs", nargs="+", type=Path)
    parser.add_argument("--photos", type=int, default=10)
    parser.add_argument("--size", type=int, default=512)
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
        style = read(painting, options.size)
        scores: dict[str, list[Scores]] = {}
        times: dict[str, list[float]] = {}
        for photo in photos:
            content = read(photo, options.size)
            rows = {}
            for one in conditioning:
                style_params = model.mixed_style_params(model.names[:1], None, one)
                start = time.perf_counter()
                rows[f"conditioning {one:g}"] = (
                    runner.paint(content, style_params),
                    time.perf_counter() - start,
                )
            start = time.perf_counter()
            result = stylize(
                str(photo), str(painting), size=options.size, smallest=options.size, base=options.size
            )
            rows["optimised"] = result.pixels, time.perf_counter() - start
            pictures = {key: picture for key, (picture, _) in rows.items()} | baselines(content, style)
            for key, score in judge_pictures(pictures, content, style, verdict).items():
                scores.setdefault(key, []).append(score)
            for key, (picture, seconds) in rows.items():
                times.setdefault(key, []).append(seconds)
                if options.pictures:
                    options.pictures.mkdir(parents=True, exist_ok=True)
                    write_picture(options.pictures / f"{network.stem} {photo.stem} {key}.png", picture)
        report(network.stem, scores, times)


def report(name: str, scores: dict[str, list[Scores]], times: dict[str, list[float]]) -> None:
    """Print the means of each way of painting, and the network's front beside the optimiser."""
    means = {key: mean_scores(rows) for key, rows in scores.items()}
    best = means["optimised"]
    for key, mean in means.items():
        print(
            f"{name}, {key}: {score_line(mean)}; STYLE5 {mean.style5 / best.style5:.2f} times, CONTENT "
            f"{mean.content / best.content:.2f} times"
            + (f", {st.mean(times[key]):.3f} s" if key in times else ""),
            flush=True,
        )
    fronts = [rows for key, rows in scores.items() if key.startswith("conditioning")]
    ratios = equal_ratios(fronts, scores["optimised"], "style5", "content")
    if ratios:
        print(
            f"{name}: STYLE5 at equal CONTENT, {len(ratios)} photographs, median {st.median(ratios):.2f} times"
        )


if __name__ == "__main__":
    main()
