"""Pictures of the README: photographs from scikit-image in the style of impasto's own plates.

    python benchmarks/gallery.py [--out docs/gallery] [--size 640] [--plates-only]

The photographs ship with scikit-image (public domain or CC0, see its data/README) and matplotlib (Grace Hopper, public
domain). impasto paints the plates.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

import impasto
from impasto.cli.demo import photo_path
from impasto.plates import PLATES, paint

PAIRS = (
    ("astronaut", "swirls", 0.5),
    ("coffee", "paper", 0.6),
    ("chelsea", "points", 0.5),
    ("rocket", "woodcut", 0.5),
    ("hopper", "ink", 0.5),
    ("coffee", "glass", 0.6),
)


def sheet(pictures: list[Image.Image], height: int, columns: int) -> Image.Image:
    """Return the pictures at one height in rows of ``columns`` on white."""
    small = [
        p.resize((round(p.width * height / p.height), height), Image.Resampling.LANCZOS) for p in pictures
    ]
    rows = [small[i : i + columns] for i in range(0, len(small), columns)]
    width = max(sum(p.width for p in row) + 8 * (len(row) - 1) for row in rows)
    page = Image.new("RGB", (width, len(rows) * (height + 8) - 8), "white")
    for y, row in enumerate(rows):
        x = 0
        for picture in row:
            page.paste(picture, (x, y * (height + 8)))
            x += picture.width + 8
    return page


def sheet_options(description: str | None, names: Iterable[str]) -> argparse.Namespace:
    """Return --out, a folder that exists, and --only, which of the sheets ``names`` to write."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("docs/gallery"))
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(names))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    return options


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("docs/gallery"))
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--plates-only", action="store_true", help="write the sheet of plates and stop")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    plates = {name: paint(name, 768) for name in PLATES}
    sheet([*plates.values()], 200, 4).save(options.out / "plates.jpg", quality=88)
    if options.plates_only:
        return
    photographs = {
        name: Image.open(photo_path(name)).convert("RGB") for name in dict.fromkeys(p for p, _, _ in PAIRS)
    }
    sheet([*photographs.values()], 180, 5).save(options.out / "photographs.jpg", quality=88)
    for photo, plate, strength in PAIRS:
        result = impasto.stylize(photographs[photo], plates[plate], size=options.size, strength=strength)
        result.image.convert("RGB").save(options.out / f"{photo}-{plate}.jpg", quality=88)
        print(f"{photo} x {plate}: {result.seconds:.1f} s", flush=True)
    row = [
        impasto.stylize(
            photographs["astronaut"], plates["swirls"], size=384, strength=strength
        ).image.convert("RGB")
        for strength in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    sheet(row, 220, 5).save(options.out / "strength.jpg", quality=88)


if __name__ == "__main__":
    main()
