"""Time and quality of the network for any style, and of MicroAST if a checkout of it is given.

    python benchmarks/anystyle.py quality --network FILE [--microast DIR] [--pictures DIR]
    python benchmarks/anystyle.py speed   --network FILE [--microast DIR]
    python benchmarks/anystyle.py strengths --network FILE

quality: the measures of docs/judging.md through the real VGG-19, on the eight development pairs and on 30 pairs of
held-out photographs and artworks (every 16th of photos/ and art/); beside MicroAST, also STYLE5 relative to its own at
equal CONTENT, and Ls at equal Lc, along the front of the conditioning strengths.
speed: seconds at 512 and 2048 pixels, methods in turns.
strengths: CONTENT by conditioning strength, the value that the network is conditioned on. MicroAST (Wang et al., AAAI
2023; EndyWon/MicroAST) runs from a checkout of its repository with its `models` folder.
"""

from __future__ import annotations

import argparse
import random
import statistics as st
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from common import (
    PAIRS,
    SHARED,
    baselines,
    equal_ratios,
    mean_scores,
    open_judge,
    pair,
    read,
    require_shared,
    score_line,
)
from impasto.encoders import open_encoder, prepare, tune_process
from impasto.feedforward.backends import open_graph_runner
from impasto.feedforward.open_network import open_model
from impasto.feedforward.runner import NetworkRunner
from impasto.feedforward.style_data import measure_style
from impasto.imaging import resize, write_picture
from impasto.metrics import Scores, judge, judge_pictures

Painter = Callable[[Tensor, Tensor], Tensor]
HELD_OUT_EVERY = 16
CONDITIONING = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def held_out_pairs(count: int) -> Iterator[tuple[str, Path, Path]]:
    """Yield name, photograph and artwork of pairs that no training used."""
    rng = random.Random(30)
    folders = [sorted((SHARED / name).glob("*.jpg"))[::HELD_OUT_EVERY] for name in ("photos", "art")]
    chosen = [rng.sample(folder, count) for folder in folders]
    for photo, art in zip(*chosen, strict=True):
        yield f"{photo.stem} x {art.stem}", photo, art


def development_pairs() -> Iterator[tuple[str, Path, Path]]:
    for index, (content, style) in enumerate(PAIRS):
        yield f"{content} x {style}", *pair(index)


class Ours:
    """The network for any style; `statistics` measures a style image and `paint` uses the result."""

    def __init__(self, path: Path, precision: str | None = None, backend: str = "torch") -> None:
        self.model = open_model(path)
        network = self.model.network
        self.runner = NetworkRunner(
            network,
            self.model.card,
            precision=precision,
            graph_runner=open_graph_runner(backend, network, torch.device("cpu")),
        )
        self.encoder = prepare(open_encoder("compact"), torch.device("cpu"), self.runner.precision)

    def statistics(self, style: Tensor) -> object:
        with torch.inference_mode():
            return measure_style(self.encoder, style)[0]

    def paint(self, content: Tensor, statistics: object, conditioning: float) -> Tensor:
        with torch.inference_mode():
            style_params = self.model.style_predictor(statistics, torch.tensor([conditioning]))
        return self.runner.paint(content, style_params)


def open_microast(folder: Path) -> Painter:
    sys.path.insert(0, str(folder))
    import net_microAST  # type: ignore[import-not-found]

    parts = [net_microAST.Encoder(), net_microAST.Encoder(), net_microAST.Modulator(), net_microAST.Decoder()]
    for part, name in zip(parts, ("content_encoder", "style_encoder", "modulator", "decoder"), strict=True):
        file = folder / "models" / f"{name}_iter_160000.pth.tar"
        part.load_state_dict(torch.load(file, weights_only=True))
    network = net_microAST.TestNet(*parts).eval()

    def paint(content: Tensor, style: Tensor) -> Tensor:
        with torch.inference_mode():
            out: Tensor = network(content, style).clamp(0, 1)
        return out[:, :, : content.shape[2], : content.shape[3]]

    return paint


def quality(options: argparse.Namespace) -> None:
    ours, verdict = Ours(options.network), open_judge()
    other = open_microast(options.microast) if options.microast else None
    conditioning = [float(word) for word in options.conditioning.split(",")]
    for title, pairs in (("development", development_pairs()), ("held out", held_out_pairs(options.pairs))):
        scores: dict[str, list[Scores]] = {}
        for name, photo, art in pairs:
            content, style = read(photo), read(art)
            statistics = ours.statistics(style)
            rows = {f"conditioning {one:g}": ours.paint(content, statistics, one) for one in conditioning}
            if other is not None:
                rows["MicroAST"] = other(content, style)
            rows |= baselines(content, style)
            for key, score in judge_pictures(rows, content, style, verdict).items():
                scores.setdefault(key, []).append(score)
                print(f"{name}, {key}: {score_line(score)}", flush=True)
                if options.pictures and not key.startswith("unchanged"):
                    options.pictures.mkdir(parents=True, exist_ok=True)
                    write_picture(options.pictures / f"{name} {key}.png", rows[key])
        for key, rows_of_key in scores.items():
            print(f"{title}, {key}: {score_line(mean_scores(rows_of_key))}", flush=True)
        if other is not None:
            fronts = [row for key, row in scores.items() if key.startswith("conditioning")]
            for style_name, content_name in (("style5", "content"), ("Ls", "Lc")):
                ratios = equal_ratios(fronts, scores["MicroAST"], style_name, content_name)
                middle = f"median {st.median(ratios):.2f}" if ratios else "no pair"
                print(f"{title}: {style_name} at equal {content_name}, {len(ratios)} pairs, {middle}")


def speed(options: argparse.Namespace) -> None:
    tune_process()
    ours = {name: Ours(options.network, name) for name in ("bfloat16", "float32")}
    if find_spec("openvino"):
        ours["OpenVINO"] = Ours(options.network, backend="openvino")
    other = open_microast(options.microast) if options.microast else None
    for side in (512, 2048):
        times: dict[str, list[float]] = {}
        for _ in range(options.rounds):
            for name, job in jobs_of(side, ours, other).items():
                start = time.perf_counter()
                job()
                times.setdefault(name, []).append(time.perf_counter() - start)
        base = st.median(times["MicroAST float32"]) if other is not None else 1.0
        for name, seconds in times.items():
            print(
                f"{side}: {name} {st.median(seconds):.3f} s, ratio {st.median(seconds) / base:.2f}",
                flush=True,
            )
    network = ours["float32"].runner.network
    print(f"{network.macs(512, 512) / 1e9:.2f} G multiply-adds at 512 x 512")


def jobs_of(side: int, ours: dict[str, Ours], other: Painter | None) -> dict[str, Callable[[], object]]:
    """Return the timed functions by name. MicroAST sees the style image at `side` pixels, our network at 512."""
    content, style = torch.rand(1, 3, side, side), torch.rand(1, 3, side, side)

    def whole(one: Ours) -> object:
        return one.paint(content, one.statistics(resize(style, (512, 512))), 0.7)

    jobs: dict[str, Callable[[], object]] = {}
    for name, one in ours.items():
        kept = one.statistics(resize(style, (512, 512)))
        jobs[f"{name}, style cached"] = partial(one.paint, content, kept, 0.7)
        jobs[f"{name}, with style"] = partial(whole, one)
    if other is not None:
        jobs["MicroAST float32"] = partial(other, content, style)
    return jobs


def strengths(options: argparse.Namespace) -> None:
    """Print the median CONTENT of held-out pairs for each conditioning strength."""
    ours, verdict = Ours(options.network), open_judge()
    curve: dict[float, list[float]] = {one: [] for one in CONDITIONING}
    for _, photo, art in held_out_pairs(options.pairs):
        content, style = read(photo), read(art)
        statistics = ours.statistics(style)
        for one in CONDITIONING:
            painted = ours.paint(content, statistics, one)
            curve[one].append(judge(painted, content, style, verdict, measures=("content",)).content)
    points = [(st.median(values), one) for one, values in curve.items()]
    print("; ".join(f"conditioning {one:g}: CONTENT {value:.3f}" for value, one in points))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("quality", "speed", "strengths"))
    parser.add_argument("--network", type=Path, required=True)
    parser.add_argument("--microast", type=Path)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--conditioning", default="1,0.8,0.5")
    options = parser.parse_args()
    require_shared()
    {"quality": quality, "speed": speed, "strengths": strengths}[options.what](options)


if __name__ == "__main__":
    main()
