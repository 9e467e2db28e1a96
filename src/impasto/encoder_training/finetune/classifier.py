"""Classifiers that are fine-tuned: an encoder with a linear head, or VGG with its fully connected layers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from impasto.encoder_training.finetune.settings import FinetuneSettings
from impasto.encoders import (
    VGG,
    Compact,
    Encoder,
    ResNet50,
    VGGClassifier,
    gather,
    load_state,
    open_encoder,
    open_vgg_classifier,
    prepare,
    read_card,
)
from impasto.encoders.compact import BLOCKS as COMPACT_BLOCKS
from impasto.encoders.vgg_classifier import fully_connected, published_names
from impasto.errors import RecipeError, WeightsError, unknown

TRAINED_ON_TOP = 2  # blocks that scope top trains unless told otherwise


class PictureClassifier(nn.Module, ABC):
    """An encoder with a new last layer, `head`.

    `calibrated` names the buffers that are measured on the training pictures before training.
    """

    calibrated: ClassVar[tuple[str, ...]] = ()
    encoder: Encoder
    head: nn.Linear

    @abstractmethod
    def forward(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return the logits (B, classes) in float32 of `images` (B,3,h,w) in [0, 1].

        In training, `generator` draws what is dropped out.
        """

    @abstractmethod
    def blocks(self) -> dict[str, list[nn.Parameter]]:
        """Return the parameters of every block below `head`, from the image upwards."""

    @abstractmethod
    def head_state(self) -> dict[str, Tensor]:
        """Return the tensors above the encoder by the names they have in a file."""


class Classifier(PictureClassifier):
    """``softmax(W (g - m) / s + b)``: an encoder's deepest features averaged over positions, and a linear head.

    g (B,C) are VGG's last `relu5` layer, the compact trunk's own `relu5_1` activations (not its head's
    components) or ResNet's last stage, averaged over height and width. m and s, their mean and deviation over
    the training pictures before training, put every encoder's features on one scale. VGG's fully connected
    layers are not used; see `FcClassifier`. Raises RecipeError for an encoder of another kind.
    """

    calibrated: ClassVar[tuple[str, ...]] = ("mean", "deviation")
    mean: Tensor
    deviation: Tensor

    def __init__(self, encoder: Encoder, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.layer = deepest_layer(encoder)
        channels = COMPACT_BLOCKS[-1][-1].channels if isinstance(encoder, Compact) else 0
        channels = channels or encoder.layers[self.layer].channels
        self.head = nn.Linear(channels, classes)
        # Zeros: every class is equally likely at first, and the gradients of old layers begin small.
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("deviation", torch.ones(channels))

    def pooled(self, images: Tensor) -> Tensor:
        """Return the averaged features (B,C) in float32 of `images` (B,3,h,w) in [0, 1]."""
        if isinstance(self.encoder, Compact):
            features = self.encoder.trunk_features(images)
        else:
            features = self.encoder(images, [self.layer])[self.layer]
        return features.float().mean((2, 3))

    def forward(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:  # noqa: ARG002
        """Return the logits (B, classes); see `PictureClassifier.forward`. Nothing is dropped out."""
        pooled = self.pooled(images)
        with torch.autocast(pooled.device.type, enabled=False):
            scores: Tensor = self.head((pooled - self.mean) / self.deviation)
        return scores

    def blocks(self) -> dict[str, list[nn.Parameter]]:
        """Return the blocks of the encoder; see `blocks_of`."""
        return blocks_of(self.encoder)

    def head_state(self) -> dict[str, Tensor]:
        """Return the head's tensors by the names they have in a file."""
        return {
            "head.weight": self.head.weight,
            "head.bias": self.head.bias,
            "head.mean": self.mean,
            "head.deviation": self.deviation,
        }


class FcClassifier(PictureClassifier):
    """``softmax(fc8)``: VGG with its fully connected layers and, for `classes`, a new fc8 in place of its own.

    fc6 and fc7 keep the pretrained weights. The new fc8 begins with zeros: every class is equally likely at first, and
    the gradients of the old layers begin small. In training, half of relu6 and relu7 are dropped out, as they were in
    the original training (see `fully_connected`).
    """

    def __init__(self, vgg: VGGClassifier, classes: int | None = None) -> None:
        super().__init__()
        self.encoder = vgg.encoder
        self.deepest = vgg.deepest
        linears = vgg.linears()
        self.fc6, self.fc7, self.head = linears["fc6"], linears["fc7"], linears["fc8"]
        if classes is not None:
            self.head = nn.Linear(self.fc7.out_features, classes)
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(self.head.bias)

    def forward(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return the logits (B, classes); see `PictureClassifier.forward`."""
        pooled = self.encoder(images, [self.deepest])[self.deepest]
        features = fully_connected(pooled, {"fc6": self.fc6, "fc7": self.fc7}, "relu7", generator)["relu7"]
        with torch.autocast(features.device.type, enabled=False):
            scores: Tensor = self.head(features.float())
        return scores

    def blocks(self) -> dict[str, list[nn.Parameter]]:
        """Return the blocks of the encoder, then fc6 and fc7."""
        return {
            **blocks_of(self.encoder),
            "fc6": list(self.fc6.parameters()),
            "fc7": list(self.fc7.parameters()),
        }

    def head_state(self) -> dict[str, Tensor]:
        """Return fc6, fc7 and fc8 by their names in torchvision's files."""
        return {**published_names({"fc6": self.fc6, "fc7": self.fc7, "fc8": self.head})}


def deepest_layer(encoder: Encoder) -> str:
    """Return the layer whose average the head reads; raises RecipeError for an unknown kind of encoder."""
    if not isinstance(encoder, Compact | VGG | ResNet50):
        raise RecipeError(
            f"Encoder '{encoder.name}' cannot be fine-tuned; use compact, vgg16, vgg19, resnet50."
        )
    return [name for name in encoder.layers if not name.startswith(("conv", "pool"))][-1]


def blocks_of(encoder: Encoder) -> dict[str, list[nn.Parameter]]:
    """Return the parameters of every block from the image upwards: block1 .. block5; stem, stage1 .. stage4."""
    blocks: dict[str, list[nn.Parameter]] = {}
    if isinstance(encoder, Compact):
        numbers = [number for number, block in enumerate(COMPACT_BLOCKS, start=1) for _ in block]
        for number, conv in zip(numbers, encoder.trunk, strict=True):
            blocks.setdefault(f"block{number}", []).extend(conv.parameters())
    elif isinstance(encoder, VGG):
        for name, conv in encoder.convolutions.items():
            blocks.setdefault(f"block{name[4]}", []).extend(conv.parameters())
    elif isinstance(encoder, ResNet50):
        for name, part in encoder.parts.items():
            blocks.setdefault(name.split("_")[0], []).extend(part.parameters())
    return blocks


def trained_parameters(model: PictureClassifier, settings: FinetuneSettings) -> list[nn.Parameter]:
    """Return the trained parameters below the new layer, and set `requires_grad` for exactly these.

    Raises RecipeError on an unknown block, or the last one, above which nothing is left to train.
    """
    blocks = model.blocks()
    names = list(blocks)
    first = {"head": len(names), "top": len(names) - TRAINED_ON_TOP, "all": 0}[settings.scope]
    if settings.freeze_to is not None:
        if settings.freeze_to not in blocks:
            raise RecipeError(unknown("block", settings.freeze_to, blocks))
        first = names.index(settings.freeze_to) + 1
        if first == len(names):
            raise RecipeError(
                f"Nothing is left to train above '{settings.freeze_to}'; use --scope head, or freeze to "
                f"{names[-2]} at most."
            )
    trained = [parameter for name in names[first:] for parameter in blocks[name]]
    model.requires_grad_(False)
    model.head.requires_grad_(True)
    for parameter in trained:
        parameter.requires_grad_(True)
    return trained


def open_parent(
    settings: FinetuneSettings, weights: Path | None, classes: int, device: torch.device
) -> PictureClassifier:
    """Return the classifier that a fine-tuning begins with: the parent's weights and a new layer for `classes`.

    Raises RecipeError and WeightsError as `open_encoder` and `open_vgg_classifier` do, and RecipeError for an encoder
    that cannot be fine-tuned.
    """
    if settings.head == "fc":
        vgg = open_vgg_classifier(settings.encoder, weights=weights)
        prepare(vgg.encoder, device, "float32")
        return FcClassifier(vgg, classes).to(device)
    encoder = prepare(open_encoder(settings.encoder, weights=weights), device, "float32")
    return Classifier(encoder, classes).to(device)


def open_classifier(path: Path) -> tuple[PictureClassifier, tuple[str, ...], FinetuneSettings]:
    """Return the classifier in a fine-tuned file, its classes, and the settings it was trained with.

    Raises WeightsError if the file is missing, damaged or not one that `impasto finetune` wrote.
    """
    card = read_card(path)
    state = load_state(path, "head.")
    try:
        classes, settings = tuple(map(str, card["classes"])), FinetuneSettings.make(card["settings"])
    except (KeyError, TypeError, AttributeError, RecipeError):
        raise WeightsError(f"{path} knows no classes; give a file that 'impasto finetune' wrote.") from None
    if settings.head == "fc":
        return FcClassifier(open_vgg_classifier(str(path))).eval().requires_grad_(False), classes, settings
    model = Classifier(open_encoder(str(path)), len(classes))
    shapes = {name: tuple(value.shape) for name, value in model.head_state().items()}
    head = gather(state, shapes, str(path))
    with torch.no_grad():
        for name, value in model.head_state().items():
            value.copy_(head[name])
    return model.eval().requires_grad_(False), classes, settings


def probabilities(model: PictureClassifier, images: Tensor) -> Tensor:
    """Return the probability (B, classes) of every class for `images` (B,3,h,w) in [0, 1]."""
    with torch.no_grad():
        return F.softmax(model(images), dim=1)
