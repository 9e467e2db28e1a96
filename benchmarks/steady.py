"""Stability of one-pass pictures under noise and a moving camera.

    python benchmarks/steady.py STYLE PAINTING [STYLE PAINTING ...] [--photos 6]

STYLE is a network for one style (a file or a shipped name), PAINTING the style image that it was trained on. The
network for any style, which was not trained for stability, paints in the style of the same image. Both use their
default strength. noise: the change of the painting, root mean square in 255ths, when noise of deviation 5/255 is
added to the photograph. pan: the same between two frames of a camera that moves by 3 pixels, where both show the same.
"""

from __future__ import annotations

import argparse
import random
import statistics as st
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from anystyle import HELD_OUT_EVERY, Ours
from common import SHARED, read, require_shared
from impasto.feedforward.network_card import find_model
from impasto.feedforward.open_network import open_model
from impasto.feedforward.runner import NetworkRunner
from impasto.guidance import calibrated_strength

NOISE = 5 / 255
MOVED = 3


def change(first: Tensor, second: Tensor) -> float:
    """Return the root mean square difference in 255ths."""
    return float((first - second).square().mean().sqrt()) * 255


def measure(paint: Callable[[Tensor], Tensor], photos: list[Tensor]) -> tuple[float, float]:
    """Return the median change by noise and by panning."""
    noise, pan = [], []
    for number, photo in enumerate(photos):
        rng = torch.Generator().manual_seed(number)
        noisy = (photo + torch.randn(photo.shape, generator=rng) * NOISE).clamp(0, 1)
        noise.append(change(paint(photo), paint(noisy)))
        left, right = paint(photo[..., :-MOVED]), paint(photo[..., MOVED:])
        pan.append(change(left[..., MOVED:], right[..., :-MOVED]))
    return st.median(noise), st.median(pan)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pairs", nargs="+")
    parser.add_argument("--photos", type=int, default=6)
    options = parser.parse_args()
    require_shared()
    folder = sorted((SHARED / "photos").glob("*.jpg"))[::HELD_OUT_EVERY]
    photos = [read(path) for path in random.Random(10).sample(folder, options.photos)]
    any_style = Ours(find_model("any"))
    conditioning = calibrated_strength(
        any_style.model.default_strength, any_style.model.card.get("strengths")
    )
    for name, painting in zip(options.pairs[::2], options.pairs[1::2], strict=True):
        statistics = any_style.statistics(read(Path(painting)))
        painters = {
            "own network": own(name),
            "any style": partial(any_style.paint, statistics=statistics, conditioning=conditioning),
        }
        for kind, paint in painters.items():
            noise, pan = measure(paint, photos)
            print(f"{Path(name).stem}, {kind}: noise {noise:.1f}, pan {pan:.1f}", flush=True)


def own(name: str) -> Callable[[Tensor], Tensor]:
    """Return a function that paints in the only style of a network, at its default strength."""
    model = open_model(find_model(name))
    return partial(
        NetworkRunner(model.network, model.card).paint,
        style_params=model.mixed_style_params(model.names[:1], None, model.default_strength),
    )


if __name__ == "__main__":
    main()
