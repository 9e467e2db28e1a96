"""Thumbnails for the studio's page: its samples, and a sample photograph in each shipped style.

python benchmarks/studio_styles.py
"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageOps

from impasto.studio.instant_styles import trained_styles
from impasto.studio.pictures import SAMPLES, THUMB_SIDE
from impasto.studio.preview_process import Previews

STUDIO = Path(__file__).resolve().parents[1] / "src" / "impasto" / "studio"
SIDE = 144


def samples() -> None:
    for sample in SAMPLES:
        with Image.open(STUDIO / "samples" / sample.file) as image:
            small = image.convert("RGB")
        small.thumbnail((THUMB_SIDE, THUMB_SIDE), Image.Resampling.LANCZOS)
        target = STUDIO / "samples" / sample.thumb
        small.save(target, quality=80, method=6)
        print(f"{target.name} {target.stat().st_size:,} bytes")


def main() -> None:
    samples()
    previews = Previews()
    photo = str(STUDIO / "samples" / "chelsea.jpg")
    look = {"strength": 0.85, "stroke": 1.0, "colors": 0.0}
    for style in trained_styles():
        data = previews.paint(photo, [], style["name"], 384, [], None, None, None, **look)
        with Image.open(io.BytesIO(data)) as image:
            small = ImageOps.fit(image.convert("RGB"), (SIDE, SIDE), Image.Resampling.LANCZOS)
        target = STUDIO / "static" / "styles" / f"{style['name']}.webp"
        target.parent.mkdir(exist_ok=True)
        small.save(target, quality=74, method=6)
        print(f"{target.name} {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
