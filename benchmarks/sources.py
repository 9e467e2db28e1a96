"""Figures of docs/sources.md: statements of the sources, measured through the real VGG-19 at 96 pixels.

    python benchmarks/sources.py [--side 96] [--steps 100]

The weights are Oxford's with a mean activation of 1 in every layer, about as large as those of torchvision, for which
most sources chose their weights; `mixed` uses them as they are. Content is the first development pair, golden_gate and
starry_night; the second style of `mixed` is la_muse.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from common import SHARED, VGG19, require_shared
from impasto.encoders import open_encoder
from impasto.imaging import read_picture, resize
from impasto.metrics import judge
from impasto.optimize import Finished, Painter, Stepped, make_recipe, open_job

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.optimize.test_d2l_table import with_unit_activations

EVAL = SHARED / "eval"


class Run:
    """One run: its picture (1,3,H,W), the terms of its first and last step, and its seconds per step."""

    def __init__(self, content: Tensor, styles: list[Tensor], preset: str, **fields: Any) -> None:
        recipe = make_recipe(preset, precision="float32", **fields)
        started, terms = time.perf_counter(), []
        for event in Painter(open_job(recipe, content, styles)).events():
            if isinstance(event, Stepped):
                terms.append(event.terms)
            if isinstance(event, Finished):
                self.picture, self.improvements = event.result.pixels, event.result.improvements
                self.sigmas = event.result.sigmas
        self.seconds = (time.perf_counter() - started) / len(terms)
        self.first, self.last = terms[0], terms[-1]

    def sum(self, part: str, *, first: bool = False) -> float:
        """Return the sum of the terms whose names begin with ``part``."""
        return sum(v for k, v in (self.first if first else self.last).items() if k.startswith(part))

    def total(self) -> float:
        """Return the loss of the last step."""
        return sum(self.last.values())


def at(name: str, height: int, width: int) -> Tensor:
    """Return a development picture, stretched to a size as the book stretches its pictures."""
    return resize(read_picture(EVAL / name).pixels, (height, width))


def main() -> None:
    """Print one line per statement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--steps", type=int, default=100)
    options = parser.parse_args()
    require_shared()
    side, steps = options.side, options.steps
    height = side * 2 // 3
    content, style, other = (
        at(name, height, side)
        for name in ("content_golden_gate.jpg", "style_starry_night.jpg", "style_la_muse.jpg")
    )
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "vgg19.safetensors"
        state = {key: value.float() for key, value in load_file(VGG19).items()}
        save_file(with_unit_activations(state, torch.cat([content, style])), weights)
        vgg: dict[str, Any] = {"encoder": "vgg19", "weights": str(weights)}
        for line in chain(
            introduction(content, style, side, steps, vgg), book(content, style, side, steps, vgg)
        ):
            print(line, flush=True)
    oxford: dict[str, Any] = {"encoder": "vgg19", "weights": str(VGG19)}
    for line in mixed(content, [style, other], side, steps, oxford):
        print(line, flush=True)


def introduction(content: Tensor, style: Tensor, side: int, steps: int, vgg: dict[str, Any]):
    """Yield the lines of section 1."""
    fields = {**vgg, "size": side, "steps": steps}
    copy = Run(content, [style], "tutorial-adam", **{**fields, "steps": 1})
    yield f"1.1 content loss before the first step {copy.sum('content', first=True):.3g}"
    noise = Run(content, [style], "tutorial-adam", **fields, start="noise")
    photo = Run(content, [style], "tutorial-adam", **fields)
    yield f"1.3 loss after {steps} steps: from the photograph {photo.total():.4g}, from noise {noise.total():.4g}"


def book(content: Tensor, style: Tensor, side: int, steps: int, vgg: dict[str, Any]):
    """Yield the lines of section 2."""
    fields = {**vgg, "size": side, "scales": ((side, steps),)}
    big = {**vgg, "size": 2 * side, "scales": ((2 * side, 1),)}
    large = [
        at(name, 2 * content.shape[2], 2 * side)
        for name in ("content_golden_gate.jpg", "style_starry_night.jpg")
    ]
    for gram in ("d2l", "undivided"):
        small = Run(content, [style], "d2l", **{**fields, "scales": ((side, 1),)}, gram=gram).sum(
            "style", first=True
        )
        twice = Run(large[0], [large[1]], "d2l", **big, gram=gram).sum("style", first=True)
        yield f"2.2 style loss at the start, twice the size over once: gram {gram} {twice / small:.3g}"
    runs = {weight: Run(content, [style], "d2l", **fields, variation_weight=weight) for weight in (0.0, 10.0)}
    for weight, run in runs.items():
        yield f"2.3 TV weight {weight:g}: {scores(run, content, style)}"
    for weight in (1e2, 1e3, 1e4):
        run = Run(content, [style], "d2l", **fields, style_weight=weight)
        yield f"2.4 style weight {weight:g}: {scores(run, content, style)}"
    one = Run(content, [style], "d2l", **{**fields, "scales": ((side, 20),)})
    two = Run(*[large[0], [large[1]]], "d2l", **{**big, "scales": ((2 * side, 20),)})
    yield f"2.5 seconds per step, twice the size over once: {two.seconds / one.seconds:.2f}"
    later = Run(content, [style], "d2l-2023", **fields)
    yield f"2.7 d2l-2023: {scores(later, content, style)}"


def mixed(content: Tensor, styles: list[Tensor], side: int, steps: int, vgg: dict[str, Any]):
    """Yield the lines of section 3."""
    fields = {**vgg, "size": side, "steps": steps, "mix": (0.5,)}
    plain = Run(content, styles, "mixed", **fields, balance=False)
    ratio = plain.improvements[0] / plain.improvements[1]
    yield f"3.3 RI1/RI2 at gamma .5: unbalanced {ratio:.3f}"
    for name, sigma in (("the ratio", ratio), ("its root", ratio**0.5)):
        run = Run(content, styles, "mixed", **fields, sigmas=(1.0, sigma))
        yield f"3.3 sigma2 = {name} {sigma:.3f}: RI1/RI2 {run.improvements[0] / run.improvements[1]:.3f}"
    ours = Run(content, styles, "mixed", **fields)
    yield f"3.3 balanced during the run, sigma2 {ours.sigmas[1]:.3f}: {ours.improvements[0] / ours.improvements[1]:.3f}"
    shares = {layer: plain.last.get(f"style1/{layer}", 0.0) for layer in make_recipe("mixed").style_layers}
    total = sum(shares.values())
    yield "3.5 share of style 1's loss by layer: " + ", ".join(
        f"{k} {v / total:.2f}" for k, v in shares.items()
    )


def scores(run: Run, content: Tensor, style: Tensor) -> str:
    """Return STYLE5, CONTENT and NOISE of a run through the real VGG-19, at the run's own size."""
    encoder = open_encoder("vgg19", weights=VGG19, padding="zeros")
    longest = max(run.picture.shape[2:])
    judged = judge(run.picture, content, style, encoder, longest, ("style5", "content", "noise"))
    return f"STYLE5 {judged.style5:.3f}, CONTENT {judged.content:.3f}, NOISE {judged.noise:.2f}"


if __name__ == "__main__":
    main()
