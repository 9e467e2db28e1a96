"""Consistency of a 512 px picture and a large one of the same recipe, and the pictures for inspection.

    python benchmarks/sizes.py [--large 2048] [--pairs 1,5,7] [--strokes] [--out DIR]

Both are compared at 512 px through the real VGG-19. With --strokes, the mean wavelength of the paint's spectrum is
printed for several stroke sizes and output sizes, relative to the picture's longer side.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor

import impasto
from common import PAIRS, numbers, open_judge, pair, require_shared
from impasto.imaging import fit, luminance, resize
from impasto.metrics import judge, size_consistency


def wavelength(pixels: Tensor) -> float:
    """Return the energy-weighted mean wavelength of the luminance's gradient, in shares of the longer side."""
    grey = luminance(pixels)[0, 0]
    across, down = grey[:-1, 1:] - grey[:-1, :-1], grey[1:, :-1] - grey[:-1, :-1]
    longest = max(grey.shape)
    total, weighted = 0.0, 0.0
    for part in (across, down):
        power = torch.fft.rfft2(part).abs().square()
        rows = torch.fft.fftfreq(part.shape[0])[:, None]
        columns = torch.fft.rfftfreq(part.shape[1])[None]
        frequency = (rows.square() + columns.square()).sqrt()
        total += float(power.sum())
        weighted += float((power * frequency).sum())
    return total / weighted / longest


def strokes(number: int) -> None:
    """Print the wavelength of the paint for several strokes and sizes of one pair."""
    content, style = pair(number - 1)
    for size in (512, 1024):
        found = []
        for stroke in (0.5, 1.0, 2.0, 3.0):
            result = impasto.stylize(content, style, size=size, stroke=stroke, strength=1.0)
            found.append(
                f"{stroke:g}: {wavelength(resize(result.pixels, fit(*result.pixels.shape[2:], 512))):.4f}"
            )
        print(
            f"{' x '.join(PAIRS[number - 1])} at {size}: wavelength by stroke {', '.join(found)}", flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--large", type=int, default=2048)
    parser.add_argument("--pairs", type=numbers, default=[1, 5, 7])
    parser.add_argument("--strokes", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    require_shared()
    if options.strokes:
        for number in options.pairs:
            strokes(number)
        return
    judging = open_judge()
    for number in options.pairs:
        content, style = pair(number - 1)
        small, large = (impasto.stylize(content, style, size=size) for size in (512, options.large))
        photo, art = (impasto.read_picture(path, longest=512).pixels for path in (content, style))
        found = size_consistency(small.pixels, large.pixels, art, judging)
        own = [
            judge(one.pixels, photo, art, judging, measures=("style5", "content")) for one in (small, large)
        ]
        print(
            f"{' x '.join(PAIRS[number - 1])}: between 512 and {options.large} STYLE5 {found['style5_between']:.3f}, "
            f"Lab {found['layout']:.2f}; to the style STYLE5 {own[0].style5:.3f} and {own[1].style5:.3f}, CONTENT "
            f"{own[0].content:.3f} and {own[1].content:.3f}; {small.seconds:.1f} and {large.seconds:.1f} s",
            flush=True,
        )
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
            for name, one in (("small", small), ("large", large)):
                one.save(options.out / f"{number}-{name}.png")


if __name__ == "__main__":
    main()
