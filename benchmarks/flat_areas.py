"""REPETITION and checkerboard index of skies: networks for one style each, and the optimiser.

    python benchmarks/flat_areas.py [--photos photo_00353,...] [--networks glass,...]
                                    [--styles starry_night,mosaic] [--size 512] [--pictures DIR]

The photographs have large skies and were in no training (every 16th of photos/). The optimiser paints with its
defaults, in the styles of the development pairs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from torch import Tensor

from common import SHARED, read, require_shared, score_line
from impasto import OnePassSettings, Stylizer, stylize
from impasto.encoders import tune_process
from impasto.imaging import write_picture
from impasto.metrics import judge

PHOTOS = "photo_00353,photo_01193,photo_01285,photo_01477"
NETWORKS = "glass,baby-cradle"
NAMES = ("repetition", "checkerboard")


def show(name: str, photo: Path, picture: Tensor, options: argparse.Namespace) -> None:
    """Print the measures of one picture, and write it."""
    content = read(photo, options.size)
    # Neither measure uses an encoder or the style image.
    scores = judge(picture, content, content, None, options.size, NAMES)
    print(f"{name}, {photo.stem}: {score_line(scores, NAMES)}", flush=True)
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
        write_picture(options.pictures / f"{photo.stem} {name}.png", picture)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", default=PHOTOS)
    parser.add_argument("--networks", default=NETWORKS)
    parser.add_argument("--styles", default="starry_night,mosaic")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    require_shared()
    tune_process()
    photos = [SHARED / "photos" / f"{name}.jpg" for name in options.photos.split(",")]
    for photo in photos:
        show("unchanged", photo, read(photo, options.size), options)
    for network in filter(None, options.networks.split(",")):
        stylizer = Stylizer(network)
        for photo in photos:
            result = stylizer.paint(photo, settings=OnePassSettings(size=options.size))
            show(network, photo, result.pixels, options)
    for style in filter(None, options.styles.split(",")):
        for photo in photos:
            result = stylize(photo, SHARED / "eval" / f"style_{style}.jpg", size=options.size)
            show(f"optimised {style}", photo, result.pixels, options)


if __name__ == "__main__":
    main()
