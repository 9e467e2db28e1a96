"""Part a network for several styles into the networks for one style each that ship, with their model cards.

    python benchmarks/single_styles.py NETWORK FOLDER --command FILE [--strength .8] [--body FILE]

FILE holds the command line that trained NETWORK. The styles' networks, their shared body and a page for each are
written into FOLDER; `--strength` is their default strength. With `--body`, they share that file of FOLDER.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from impasto.feedforward.model_card import page
from impasto.feedforward.network_card import read_network_card
from impasto.feedforward.single_styles import BODY_SUFFIX, write_single_styles


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("network", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--command", type=Path, required=True)
    parser.add_argument("--strength", type=float)
    parser.add_argument("--body", type=Path)
    options = parser.parse_args()
    command = options.command.read_text(encoding="utf-8").strip()
    count = len(read_network_card(options.network)["styles"])
    body = options.body or options.folder / f"{options.network.stem}{BODY_SUFFIX}"
    others = "the weights that belong to no style are"
    trained = f"Trained with {count} styles in one network; {others} in `{body.name}`."
    if options.body:
        trained = f"Only the style's own weights were trained; {others} those of `{body.name}`."
    for path in write_single_styles(options.network, options.folder, options.strength, options.body):
        card = read_network_card(path)
        text = page(card, command).replace(
            "\n\n* Losses",
            f"\n\n```\nimpasto apply {path.stem} photo.jpg\n```\n\n* {trained}\n* Losses",
            1,
        )
        path.with_suffix(".md").write_text(text, encoding="utf-8")
        print(f"{path.name} {path.stat().st_size:,} bytes")
    print(f"{body.name} {body.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
