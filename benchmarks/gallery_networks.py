"""Pictures of docs/one-pass.md: the shipped styles, and the network for any style with impasto's plates.

python benchmarks/gallery_networks.py [--out docs/gallery]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

import impasto
from gallery import sheet
from impasto.cli.demo import photo_path
from impasto.feedforward.pretrained import pretrained_networks
from impasto.plates import paint

SIZE = 448
HEIGHT = 230


def photo(name: str) -> Image.Image:
    """Return one of scikit-image's photographs."""
    return Image.open(photo_path(name)).convert("RGB")


def shipped() -> list[Image.Image]:
    """Two photographs in every shipped style, the first at its default strength, the second at 1."""
    pictures = []
    for name, strength in (("astronaut", None), ("coffee", 1.0)):
        for path in pretrained_networks().values():
            stylizer = impasto.Stylizer(path)
            if stylizer.styles:
                settings = impasto.OnePassSettings(strength=strength, size=SIZE)
                pictures.append(stylizer.paint(photo(name), settings=settings).image.convert("RGB"))
    return pictures


def any_style() -> list[Image.Image]:
    """One photograph in the style of each plate, in one pass."""
    stylizer = impasto.Stylizer()
    settings = impasto.OnePassSettings(strength=0.9, size=SIZE)
    styles = [paint(name, 512) for name in ("swirls", "woodcut", "glass", "ink", "paper", "points")]
    return [stylizer.paint(photo("chelsea"), [style], settings).image.convert("RGB") for style in styles]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/gallery"))
    options = parser.parse_args()
    sheet(shipped(), HEIGHT, 6).save(options.out / "networks-shipped.jpg", quality=88)
    sheet(any_style(), HEIGHT, 6).save(options.out / "networks-any.jpg", quality=88)


if __name__ == "__main__":
    main()
