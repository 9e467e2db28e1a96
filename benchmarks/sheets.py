"""Sheets to look at: held-out photographs and artworks, each painted in one pass and by the default.

    python benchmarks/sheets.py [--pairs 20] [--size 512] [--out sheets] [--shown 320]

No training used the pictures (every 16th of photos/ and art/). Every row of a sheet has two pairs: photograph, artwork,
one pass, default.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

import impasto
from anystyle import held_out_pairs
from common import require_shared
from gallery import sheet

PAIRS_PER_SHEET = 10


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--out", type=Path, default=Path("sheets"))
    parser.add_argument("--shown", type=int, default=320, help="height in the sheet")
    options = parser.parse_args()
    require_shared()
    options.out.mkdir(parents=True, exist_ok=True)
    pictures: list[Image.Image] = []
    for number, (name, photo, art) in enumerate(held_out_pairs(options.pairs), 1):
        print(f"{number} {name}", flush=True)
        pictures += [Image.open(photo).convert("RGB"), Image.open(art).convert("RGB")]
        pictures.append(impasto.fast(photo, art, size=options.size).image.convert("RGB"))
        pictures.append(impasto.stylize(photo, art, size=options.size).image.convert("RGB"))
        if number % PAIRS_PER_SHEET == 0 or number == options.pairs:
            path = options.out / f"sheet-{(number - 1) // PAIRS_PER_SHEET + 1}.png"
            sheet(pictures, options.shown, 8).save(path)
            print(f"written: {path}", flush=True)
            pictures = []


if __name__ == "__main__":
    main()
