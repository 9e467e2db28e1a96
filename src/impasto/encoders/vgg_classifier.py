"""VGG-16 and VGG-19 with their fully connected layers: fc6, fc7, fc8.

Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015, section 2.1 and
table 1. `VGGClassifier` puts these layers on top of a `VGG` encoder. They are not layers of the encoder itself: a fully
connected layer has neither positions nor a stride, and fc6 alone takes 411 MB, which painting never needs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from impasto.encoders import tiny
from impasto.encoders.catalogue import CATALOGUE
from impasto.encoders.finetuned import is_file_name, parent_name, read_card, weights_path
from impasto.encoders.registry import ENCODERS, open_encoder
from impasto.encoders.state import gather
from impasto.encoders.store import load_state, require_weights
from impasto.encoders.vgg import (
    BLOCKS,
    CLASSES,
    FC_LAYERS,
    HIDDEN,
    INDICES,
    POSITIONS,
    VGG,
    classifier_layout,
)
from impasto.errors import RecipeError, WeightsError, unknown

# The conversion of the Oxford weights puts the dropouts before fc6 and fc7, which shifts their numbers by one.
OXFORD_INDICES: Mapping[int, int] = {1: 0, 4: 3}
DROPOUT = 0.5


class VGGClassifier(nn.Module):
    """A VGG encoder with the layers fc6, relu6, fc7, relu7, fc8, frozen.

    ``fc6 = W6 vec(pool5) + b6``, ``fc7 = W7 relu(fc6) + b7``, ``fc8 = W8 relu(fc7) + b8``. For a picture of 224 pixels
    pool5 has 7x7 positions, and fc6 equals a 7x7 convolution. For other sizes pool5 is averaged to 7x7 first, as in
    torchvision. vec() runs over channels, then rows, then columns, in Caffe as in torchvision.

    Args:
        encoder: the convolutions; as published they have max pooling and zero padding.
        state: weights under torchvision's names (`classifier.0`, `.3`, `.6`) or those of the Oxford conversion
            (`classifier.1`, `.4`, `.6`); others are ignored.
        source: origin of the weights, for messages.
        hidden: width of fc6 and fc7.
        classes: width of fc8.

    Raises WeightsError on weights that do not fit.
    """

    def __init__(
        self,
        encoder: VGG,
        state: Mapping[str, Tensor],
        *,
        source: str = "as given",
        hidden: int = HIDDEN,
        classes: int = CLASSES,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.deepest = list(encoder.layers)[-1]
        layout = classifier_layout(encoder.layers[self.deepest].channels, hidden, classes)
        weights = gather(_torchvision_names(state), layout, source)
        self.fc = nn.ModuleDict()
        for layer, index in INDICES.items():
            weight, bias = weights[f"classifier.{index}.weight"], weights[f"classifier.{index}.bias"]
            # The "meta" device skips the random initialisation, whose result would be replaced at once.
            linear = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
            linear.weight, linear.bias = nn.Parameter(weight), nn.Parameter(bias)
            self.fc[layer] = linear
        self.eval().requires_grad_(False)

    def forward(self, image: Tensor, layers: Collection[str] = ("fc8",)) -> dict[str, Tensor]:
        """Return the requested layers of `image` `(B, 3, H, W)` in [0, 1].

        Fully connected layers are `(B, width)`, layers of the encoder `(B, C, H // stride, W // stride)`. Raises
        RecipeError on an unknown layer, or an image that does not suit the encoder or is smaller than 32 pixels.
        """
        wanted = [layer for layer in layers if layer not in FC_LAYERS]
        deep = [layer for layer in layers if layer in FC_LAYERS]
        for layer in wanted:
            if layer not in self.encoder.layers and layer not in self.encoder.aliases:
                raise RecipeError(unknown("layer", layer, (*self.encoder.layers, *FC_LAYERS)))
        features: dict[str, Tensor] = self.encoder(image, [*wanted, *([self.deepest] if deep else [])])
        if deep:
            features |= fully_connected(
                features[self.deepest], self.linears(), max(deep, key=FC_LAYERS.index)
            )
        return {layer: features[layer] for layer in layers}

    def linears(self) -> dict[str, nn.Linear]:
        """Return the linear layers fc6, fc7 and fc8 by name."""
        return {layer: cast(nn.Linear, self.fc[layer]) for layer in INDICES}


def fully_connected(
    pooled: Tensor,
    linears: Mapping[str, nn.Linear],
    last: str = "fc8",
    generator: torch.Generator | None = None,
) -> dict[str, Tensor]:
    """Return the layers from fc6 to `last`, each `(B, width)`, computed from pool5 `(B, C, h, w)`.

    With a `generator`, half of relu6 and of relu7 are set to 0 at random and the others doubled, as in training
    (dropout of ratio .5, Simonyan & Zisserman 2015, section 3.1).
    """
    x = pooled
    if x.shape[-2:] != (POSITIONS, POSITIONS):
        x = F.adaptive_avg_pool2d(x, POSITIONS)
    # flatten() runs over channels, rows, columns also where the features are in channels-last format in memory.
    x = x.flatten(1)
    features: dict[str, Tensor] = {}
    for layer in FC_LAYERS[: FC_LAYERS.index(last) + 1]:
        x = linears[layer](x) if layer in linears else _dropout(F.relu(x), generator)
        features[layer] = x
    return features


def published_names(linears: Mapping[str, nn.Linear]) -> dict[str, nn.Parameter]:
    """Return the weights and biases of fc6, fc7 and fc8 by their names in torchvision's files."""
    return {
        f"classifier.{INDICES[layer]}.{name}": value
        for layer, linear in linears.items()
        for name, value in linear.named_parameters()
    }


def has_classifier(name: str) -> bool:
    """Return whether the encoder `name` of the catalogue was published with fc6, fc7 and fc8."""
    return name in CATALOGUE and CATALOGUE[name].encoder in BLOCKS


def open_vgg_classifier(name: str, *, weights: Path | None = None) -> VGGClassifier:
    """Return a VGG encoder with its fully connected layers, as published: max pooling and zero padding.

    Args:
        name: vgg16, vgg19, vgg16-caffe or vgg19-caffe; a `.safetensors` file that `impasto finetune --head fc` wrote;
            or tiny, whose fully connected layers are random and 32 wide.
        weights: weights file; by default it is searched for in the weights folder. Nothing is downloaded.

    Raises RecipeError if the encoder has no classifier, and WeightsError if the weights are missing, do not fit or
    hold only the convolutions.
    """
    parent = parent_name(Path(name)) if name not in ENCODERS and is_file_name(name) else name
    ENCODERS[parent]  # raises RecipeError for an unknown name
    if not has_classifier(parent) and parent != tiny.NAME:
        raise RecipeError(
            f"Encoder '{parent}' has no classifier fc6, fc7, fc8; use "
            f"{', '.join(filter(has_classifier, CATALOGUE))}."
        )
    if weights is None and name in CATALOGUE:
        weights = require_weights(
            name, alternative="or give --weights FILE"
        )  # no other encoder has a classifier
    encoder = open_encoder(name, weights=weights, padding="zeros")
    assert isinstance(encoder, VGG)  # that is what `has_classifier` says
    hidden = HIDDEN if has_classifier(parent) else tiny.HIDDEN
    path = weights_path(name, weights)
    if path is None:
        return VGGClassifier(encoder, tiny.random_classifier(), hidden=hidden, classes=tiny.CLASSES)
    state = load_state(path, "classifier.")
    if not state:
        fetch = f", such as the one of 'impasto weights fetch {parent}'" if has_classifier(parent) else ""
        raise WeightsError(
            f"Weights {path} hold only convolutions and no classifier fc6, fc7, fc8; give a complete file{fetch}."
        )
    classes = len(read_card(path).get("classes", ())) or CLASSES
    return VGGClassifier(encoder, state, source=str(path), hidden=hidden, classes=classes)


def _torchvision_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return `state` with the Oxford conversion's numbers of the fully connected layers replaced by torchvision's."""
    renamed = dict(state)
    for theirs, index in OXFORD_INDICES.items():
        for part in ("weight", "bias"):
            if f"classifier.{theirs}.{part}" in renamed:
                renamed[f"classifier.{index}.{part}"] = renamed.pop(f"classifier.{theirs}.{part}")
    return renamed


def _dropout(x: Tensor, generator: torch.Generator | None) -> Tensor:
    if generator is None:
        return x
    kept = torch.rand(x.shape, generator=generator, device=x.device) >= DROPOUT
    return x * kept / (1 - DROPOUT)
