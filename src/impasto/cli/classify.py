"""``impasto classify``: classifies pictures with VGG's own classes or with a fine-tuned encoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.console import print_json, print_result
from impasto.cli.interrupt import Stop
from impasto.errors import RecipeError

if TYPE_CHECKING:
    from torch import Tensor

app = typer.Typer(add_completion=False)

SHOWN = 3
# Pictures with a longer side are decoded at a reduced size before they are resized to 256 pixels.
LONGEST = 4096
Probabilities = Callable[[Path], "Tensor"]


@app.command("classify")
def classify(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="vgg16, vgg19, vgg16-caffe or vgg19-caffe for the 1000 classes of ImageNet, or a file written by "
            "impasto finetune.",
            show_default=False,
        ),
    ],
    pictures: Annotated[
        list[Path],
        typer.Argument(metavar="PICTURE...", help="Pictures, or folders of them.", show_default=False),
    ],
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Weights of vgg16, vgg19, ...; else the fetched ones."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with every class.")] = False,
) -> None:
    """Classify pictures: VGG with the classes of ImageNet, or a fine-tuned encoder with yours.

    Prints the three most likely classes of each picture with their probabilities.
    """
    from impasto.encoders import ENCODERS
    from impasto.errors import unknown
    from impasto.imaging import pictures_in

    if model in ENCODERS:
        classes, probabilities_of = _published(model, weights)
    elif weights is not None:
        raise RecipeError(
            f"--weights is for vgg16, vgg19, vgg16-caffe and vgg19-caffe, not for '{model}'; leave it out."
        )
    elif Path(model).suffix or Path(model).exists():
        classes, probabilities_of = _finetuned(Path(model))
    else:
        raise RecipeError(unknown("encoder", model, ENCODERS))
    results: dict[str, dict[str, float]] = {}
    with Stop() as stop:
        for path in pictures_in(pictures):
            stop.check()
            likelihoods = probabilities_of(path).tolist()
            ranked = sorted(zip(classes, likelihoods, strict=True), key=lambda pair: -pair[1])
            results[str(path)] = dict(ranked)
            if not as_json:
                top = ", ".join(f"{name} {share:.3f}" for name, share in ranked[:SHOWN])
                print_result(f"{path}: {top}")
    if as_json:
        print_json(results)


def _published(name: str, weights: Path | None) -> tuple[tuple[str, ...], Probabilities]:
    """Return the classes of ImageNet, and a function from a picture to their probabilities."""
    from impasto.encoder_training.finetune.classifier import FcClassifier, probabilities
    from impasto.encoders import has_classifier, imagenet_classes, imagenet_crop, open_vgg_classifier
    from impasto.imaging import read_picture
    from impasto.training.pictures import over_white

    if not has_classifier(name):
        raise RecipeError(
            f"Encoder '{name}' has no classifier of its own; use vgg16, vgg19, vgg16-caffe or vgg19-caffe, or give a "
            "file that 'impasto finetune' wrote."
        )
    network = FcClassifier(open_vgg_classifier(name, weights=weights))
    classes = imagenet_classes()
    if network.head.out_features != len(classes):
        raise RecipeError(
            f"Weights {weights} have {network.head.out_features} classes instead of the {len(classes)} of ImageNet; "
            f"run 'impasto classify {weights} PICTURE' for their own."
        )

    def probabilities_of(path: Path) -> Tensor:
        return probabilities(network, imagenet_crop(over_white(read_picture(path, longest=LONGEST))))[0]

    return classes, probabilities_of


def _finetuned(path: Path) -> tuple[tuple[str, ...], Probabilities]:
    """Return the classes of a fine-tuned encoder, and a function from a picture to their probabilities."""
    from impasto.encoder_training.finetune.augment import centre_batch
    from impasto.encoder_training.finetune.class_folders import read_small
    from impasto.encoder_training.finetune.classifier import open_classifier, probabilities

    network, classes, settings = open_classifier(path)

    def probabilities_of(picture: Path) -> Tensor:
        image = centre_batch([read_small(picture, settings.side)], settings.size)
        return probabilities(network, image)[0]

    return classes, probabilities_of
