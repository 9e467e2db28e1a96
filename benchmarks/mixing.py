"""Two styles: relative improvements without and with balance, and STYLE along gamma.

    python benchmarks/mixing.py balance [--preset impasto|mixed] [--size 512]
    python benchmarks/mixing.py gamma [--steps-of-gamma 11]

balance: the relative improvement RI of a style is its loss at the start divided by its loss at the end of the whole
run, at gamma = .5. gamma: STYLE through the real VGG-19 to each of the two styles, for pairs of styles on one
photograph each, and Spearman's correlation of STYLE with gamma (scipy's, which gives ties their mean rank).
"""

from __future__ import annotations

import argparse

from scipy.stats import spearmanr

import impasto
from common import SHARED, VGG19, open_judge, require_shared
from impasto.metrics import judge

EVAL, ART = SHARED / "eval", SHARED / "art"
PAIRS = (
    ("golden_gate", EVAL / "style_starry_night.jpg", EVAL / "style_la_muse.jpg"),
    ("stata", EVAL / "style_wave.jpg", EVAL / "style_candy.jpg"),
    ("cornell", EVAL / "style_mosaic.jpg", EVAL / "style_sketch.jpg"),
    ("amber", EVAL / "style_composition_vii.jpg", EVAL / "style_mondrian.jpg"),
    ("modern", ART / "art_00010.jpg", ART / "art_00500.jpg"),
    ("golden_gate", ART / "art_00100.jpg", ART / "art_01000.jpg"),
)


def balance(options: argparse.Namespace) -> None:
    """Print RI1/RI2 at gamma .5 without and with balance, for six pairs of styles."""
    weights = str(VGG19) if options.preset == "mixed" else None
    for photo, one, two in PAIRS:
        content, found = EVAL / f"content_{photo}.jpg", []
        for wanted in (False, True):
            result = impasto.stylize(
                content, [one, two], preset=options.preset, mix=0.5, balance=wanted, size=options.size,
                weights=weights, steps=options.steps,
            )  # fmt: skip
            ri = result.improvements
            found.append(f"RI {ri[0]:7.2f} {ri[1]:7.2f} ratio {ri[0] / ri[1]:.3f} ({result.seconds:.1f} s)")
        print(
            f"{photo:12} {one.stem} + {two.stem}: before {found[0]}; after {found[1]}, sigma2 {result.sigmas[1]:.3f}",
            flush=True,
        )


def gamma(options: argparse.Namespace) -> None:
    """Print STYLE5 to both styles along gamma for four pairs, with balance."""
    judging = open_judge()
    for photo, one, two in PAIRS[:4]:
        content = EVAL / f"content_{photo}.jpg"
        pixels = impasto.read_picture(content, longest=512).pixels
        arts = [impasto.read_picture(path, longest=512).pixels for path in (one, two)]
        gammas = [k / (options.steps_of_gamma - 1) for k in range(options.steps_of_gamma)]
        distances: list[list[float]] = [[], []]
        sigmas = None
        for value in gammas:
            result = impasto.stylize(content, [one, two], mix=value, sigmas=sigmas, size=options.size)
            sigmas = result.sigmas
            for found, art in zip(distances, arts, strict=True):
                found.append(judge(result.pixels, pixels, art, judging, measures=("style5",)).style5)
        print(f"{photo}: {one.stem} + {two.stem}, sigma2 {sigmas[1]:.3f}")
        for name, found in zip(("first", "second"), distances, strict=True):
            values = " ".join(f"{v:.3f}" for v in found)
            print(
                f"  to the {name}: {values}; Spearman {spearmanr(gammas, found).statistic:+.3f}", flush=True
            )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("balance", "gamma"))
    parser.add_argument("--preset", default="impasto")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--steps-of-gamma", type=int, default=11)
    options = parser.parse_args()
    require_shared()
    {"balance": balance, "gamma": gamma}[options.what](options)


if __name__ == "__main__":
    main()
