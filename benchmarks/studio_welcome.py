"""The examples of the studio's empty page, from the README's paintings (benchmarks/gallery.py) and the sample photos.

python benchmarks/studio_welcome.py [--out src/impasto/studio/static/tour]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

from impasto.studio.sample_pictures import SAMPLES

ROOT = Path(__file__).resolve().parents[1]
PAIRS = (("astronaut", "swirls"), ("coffee", "glass"), ("rocket", "woodcut"))
SIZE = (600, 400)


def cropped(path: Path) -> Image.Image:
    """Return a picture scaled and cropped to `SIZE`; of a tall one, the upper part stays."""
    with Image.open(path) as image:
        picture = image.convert("RGB")
    height = round(picture.width * SIZE[1] / SIZE[0])
    top = min(max(0, picture.height - height), round(0.05 * picture.height))
    box = (0, top, picture.width, min(picture.height, top + height))
    return picture.crop(box).resize(SIZE, Image.Resampling.LANCZOS)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=ROOT / "src/impasto/studio/static/tour")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    photos = {sample.path.stem: sample.path for sample in SAMPLES if sample.kind == "content"}
    for photo, style in PAIRS:
        painting = ROOT / "docs" / "gallery" / f"{photo}-{style}.jpg"
        for name, path in ((photo, photos[photo]), (f"{photo}-{style}", painting)):
            target = out / f"{name}.webp"
            cropped(path).save(target, quality=76, method=6)
            print(f"{target.name} {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
