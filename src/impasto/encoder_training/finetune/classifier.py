"""A linear classifier on pooled encoder features, and the blocks of the encoder that are trained."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from impasto.encoder_training.finetune.settings import FinetuneSettings
from impasto.encoders import VGG, Compact, Encoder, ResNet50, gather, load_state, open_encoder, read_card
from impasto.encoders.compact import BLOCKS as COMPACT_BLOCKS
from impasto.errors import RecipeError, WeightsError, unknown

TRAINED_ON_TOP = 2  # blocks that scope top trains unless told otherwise


class Classifier(nn.Module):
    """``softmax(W (g - m) / s + b)``: an encoder's deepest features averaged over positions, and a linear head.

    g (B,C) are VGG's last `relu5` layer, the compact trunk's own `relu5_1` activations (not its head's
    components) or ResNet's last stage, averaged over height and width. m and s, their mean and deviation over
    the training pictures before training, put every encoder's features on one scale. VGG's fully connected
    layers are not used: impasto's VGG has convolutions only, and so do many weights files. Raises RecipeError
    for an encoder of another kind.
    """

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

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits (B, classes) in float32 of `images` (B,3,h,w) in [0, 1]."""
        pooled = self.pooled(images)
        with torch.autocast(pooled.device.type, enabled=False):
            scores: Tensor = self.head((pooled - self.mean) / self.deviation)
        return scores

    def head_state(self) -> dict[str, Tensor]:
        """Return the head's tensors by the names they have in a file."""
        return {
            "head.weight": self.head.weight,
            "head.bias": self.head.bias,
            "head.mean": self.mean,
            "head.deviation": self.deviation,
        }


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


def trained_parameters(encoder: Encoder, settings: FinetuneSettings) -> list[nn.Parameter]:
    """Return the trained parameters of the encoder, and set `requires_grad` for exactly these.

    Raises RecipeError on an unknown block, or the last one, above which nothing is left to train.
    """
    blocks = blocks_of(encoder)
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
    encoder.requires_grad_(False)
    for parameter in trained:
        parameter.requires_grad_(True)
    return trained


def open_classifier(path: Path) -> tuple[Classifier, tuple[str, ...], FinetuneSettings]:
    """Return the classifier in a fine-tuned file, its classes, and the settings it was trained with.

    Raises WeightsError if the file is missing, damaged or not one that `impasto finetune` wrote.
    """
    card = read_card(path)
    state = load_state(path)
    try:
        classes, settings = tuple(map(str, card["classes"])), FinetuneSettings.make(card["settings"])
    except (KeyError, TypeError, AttributeError, RecipeError):
        raise WeightsError(f"{path} knows no classes; give a file that 'impasto finetune' wrote.") from None
    model = Classifier(open_encoder(str(path)), len(classes))
    shapes = {name: tuple(value.shape) for name, value in model.head_state().items()}
    head = gather(state, shapes, str(path))
    with torch.no_grad():
        for name, value in model.head_state().items():
            value.copy_(head[name])
    return model.eval().requires_grad_(False), classes, settings


def probabilities(model: Classifier, images: Tensor) -> Tensor:
    """Return the probability (B, classes) of every class for `images` (B,3,h,w) in [0, 1]."""
    with torch.no_grad():
        return F.softmax(model(images), dim=1)
