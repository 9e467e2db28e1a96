"""Previews in one pass beside paintings, and beside large pictures in one pass.

    python benchmarks/previews.py [--pairs 1-8] [--strength .5] [--large 2048]

For every development pair: the mean Lab difference at 1/16 of the size between the picture of one pass and the painting
at 512 pixels, and STYLE5 between the picture of one pass at 512 pixels and the large one scaled down to it. The
photographs of the pairs are enlarged where they are smaller than the large size.
"""

from __future__ import annotations

import argparse
import statistics

import impasto
from common import PAIRS, numbers, open_judge, pair, require_shared
from impasto.imaging import fit, resize
from impasto.metrics import layout_difference, size_consistency


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=numbers, default=list(range(1, 9)))
    parser.add_argument("--strength", type=float, default=0.5)
    parser.add_argument("--large", type=int, default=2048)
    options = parser.parse_args()
    require_shared()
    judging, stylizer = open_judge(), impasto.Stylizer()
    layouts, changes = [], []
    for number in options.pairs:
        content, style = pair(number - 1)
        settings = impasto.OnePassSettings(strength=options.strength)
        photo = impasto.read_picture(content).pixels
        enlarged = resize(photo, fit(photo.shape[2], photo.shape[3], options.large))
        preview = stylizer.paint(content, [style], settings.model_copy(update={"size": 512})).pixels
        large = stylizer.paint(enlarged, [style], settings).pixels
        painting = impasto.stylize(content, style, size=512, strength=options.strength).pixels
        art = impasto.read_picture(style, longest=512).pixels
        layouts.append(layout_difference(preview, painting))
        changes.append(size_consistency(preview, large, art, judging))
        values = ", ".join(f"{name} {value:.3f}" for name, value in changes[-1].items())
        print(
            f"{number} {' x '.join(PAIRS[number - 1])}: preview and painting {layouts[-1]:.2f}; large: {values}",
            flush=True,
        )
    print(f"preview and painting: mean {statistics.mean(layouts):.2f}, largest {max(layouts):.2f}")


if __name__ == "__main__":
    main()
