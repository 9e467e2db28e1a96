"""``impasto classify``: classifies pictures with a fine-tuned encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from impasto.cli.console import print_json, print_result
from impasto.cli.interrupt import Stop

app = typer.Typer(add_completion=False)

SHOWN = 3


@app.command("classify")
def classify(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="File written by impasto finetune.", show_default=False)
    ],
    pictures: Annotated[
        list[Path],
        typer.Argument(metavar="PICTURE...", help="Pictures, or folders of them.", show_default=False),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with every class.")] = False,
) -> None:
    """Classify pictures with a fine-tuned encoder.

    Prints the three most likely classes of each picture with their probabilities.
    """
    from impasto.encoder_training.finetune.augment import centre_batch
    from impasto.encoder_training.finetune.class_folders import read_small
    from impasto.encoder_training.finetune.classifier import open_classifier, probabilities
    from impasto.imaging import pictures_in

    network, classes, settings = open_classifier(model)
    results: dict[str, dict[str, float]] = {}
    with Stop() as stop:
        for path in pictures_in(pictures):
            stop.check()
            image = centre_batch([read_small(path, settings.side)], settings.size)
            likelihoods = probabilities(network, image)[0].tolist()
            ranked = sorted(zip(classes, likelihoods, strict=True), key=lambda pair: -pair[1])
            results[str(path)] = dict(ranked)
            if not as_json:
                top = ", ".join(f"{name} {share:.3f}" for name, share in ranked[:SHOWN])
                print_result(f"{path}: {top}")
    if as_json:
        print_json(results)
