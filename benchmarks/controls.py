"""Measurements of protection, colours and seamless textures.

    python benchmarks/controls.py protect|colors|seamless [--pairs 1-8] [--out DIR]

protect: SSIM to the content image inside the protected half; STYLE and CONTENT of the other half through the real
VGG-19, compared with an unprotected run. colors: mean Lab a, b difference to the content image; STYLE of the
luminance, compared with a run in the style's colours. seamless: gradient energy across the wrap divided by that of
inner lines.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import torch
from torch import Tensor

import impasto
from common import PAIRS, SHARED, numbers, open_judge, pair, require_shared
from impasto.guidance import Guides
from impasto.imaging import color_difference, fade
from impasto.metrics import judge, ssim

MARGIN = 16


def protect(options: argparse.Namespace) -> None:
    """Protect the right half of every photograph, with a hard edge."""
    network = open_judge()
    for number in options.pairs:
        content, style = pair(number - 1)
        photo, art = (impasto.read_picture(path, longest=512).pixels for path in (content, style))
        height, width = photo.shape[2:]
        half = width // 2
        mask = torch.zeros(height, width)
        mask[:, half:] = 1
        kept = impasto.stylize(content, style, guides=Guides(protect=mask.numpy()), size=512)
        plain = impasto.stylize(content, style, size=512)
        inside = ssim(kept.pixels[..., half:], photo[..., half:])
        outside = [
            judge(
                one.pixels[..., : half - MARGIN],
                photo[..., : half - MARGIN],
                art,
                network,
                half - MARGIN,
                ("style5", "content"),
            )
            for one in (kept, plain)
        ]
        print(
            f"{' x '.join(PAIRS[number - 1])}: inside SSIM {inside:.4f}; outside STYLE5 {outside[0].style5:.3f} "
            f"(unprotected {outside[1].style5:.3f}), CONTENT {outside[0].content:.3f} ({outside[1].content:.3f})",
            flush=True,
        )
        save(options, f"{number}-protect.png", kept)


def colors(options: argparse.Namespace) -> None:
    """Paint every pair in the style's colours and in the photograph's."""
    network = open_judge()
    ratios = []
    for number in options.pairs:
        content, style = pair(number - 1)
        photo, art = (impasto.read_picture(path, longest=512).pixels for path in (content, style))
        grey = fade(art, 1.0)
        runs = {share: impasto.stylize(content, style, colors=share, size=512) for share in (0.0, 1.0)}
        styles = {
            s: judge(fade(r.pixels, 1.0), fade(photo, 1.0), grey, network, measures=("style5",)).style5
            for s, r in runs.items()
        }
        ratios.append(styles[1.0] / styles[0.0])
        print(
            f"{' x '.join(PAIRS[number - 1])}: a,b difference {color_difference(runs[1.0].pixels, photo):.2f} "
            f"(in the style's colours {color_difference(runs[0.0].pixels, photo):.2f}), STYLE5 of luminance "
            f"{styles[1.0]:.3f} against {styles[0.0]:.3f}, ratio {ratios[-1]:.2f}",
            flush=True,
        )
        save(options, f"{number}-colors.png", runs[1.0])
    print(f"ratio: median {statistics.median(ratios):.2f}, worst {max(ratios):.2f}")


def lines(pixels: Tensor, axis: int) -> Tensor:
    """Return the gradient energy between every line and the next one around along ``axis``; the wrap is the last."""
    difference = pixels.roll(-1, axis) - pixels
    return difference.square().mean([d for d in range(4) if d != axis])


def seamless(options: argparse.Namespace) -> None:
    """Make seamless textures of every style and three seeds, and print the wrap over the inner lines."""
    whole = []
    for name in sorted({style for _, style in PAIRS}):
        found = []
        for seed in range(3):
            result = impasto.stylize(
                None, SHARED / "eval" / f"style_{name}.jpg", seamless=True, size=384, aspect=1.0, seed=seed,
                start="style",
            )  # fmt: skip
            for axis in (2, 3):
                energy = lines(result.pixels, axis)
                inner = energy[:-1]
                found.append((float(energy[-1] / inner.mean()), float((inner < energy[-1]).float().mean())))
            save(options, f"{name}-{seed}.png", result)
        whole += [ratio for ratio, _ in found]
        ratios = " ".join(f"{ratio:.2f}" for ratio, _ in found)
        mean = statistics.mean(ratio for ratio, _ in found)
        print(f"{name}: wrap / interior {ratios}, mean {mean:.3f}", flush=True)
    print(f"all: mean {statistics.mean(whole):.3f}, median {statistics.median(whole):.3f}")


def save(options: argparse.Namespace, name: str, result: impasto.Result) -> None:
    """Write a picture if --out was given."""
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        result.save(options.out / name)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("protect", "colors", "seamless"))
    parser.add_argument("--pairs", type=numbers, default=list(range(1, 9)))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    require_shared()
    {"protect": protect, "colors": colors, "seamless": seamless}[options.what](options)


if __name__ == "__main__":
    main()
