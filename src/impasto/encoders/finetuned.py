"""Weights files of fine-tuned encoders, as written by `impasto finetune`.

A file holds the encoder's weights under the names of its parent's published file, a classifier head, and a card in the
header. It can therefore be used as a weights file of its parent (`--encoder vgg19 --weights FILE`). Since the card
names the parent, the file alone is enough, too (`--encoder FILE`).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from impasto.encoders.base import Encoder
from impasto.encoders.catalogue import CATALOGUE
from impasto.encoders.compact import Compact, shipped_weights
from impasto.encoders.compact import layout as compact_layout
from impasto.encoders.header import CARD_KEY
from impasto.encoders.resnet import EPSILON, ResNet50, plan
from impasto.encoders.store import require_weights
from impasto.encoders.vgg import VGG
from impasto.errors import RecipeError, WeightsError
from impasto.hashing import file_sha256

KIND = "finetuned"


def is_file_name(name: str) -> bool:
    """Return whether an encoder's name is a file name: it ends in .safetensors."""
    return name.lower().endswith(".safetensors")


def read_card(path: Path) -> dict[str, Any]:
    """Return the card of a fine-tuned encoder; empty if the file is missing, damaged or of another kind."""
    from safetensors import SafetensorError, safe_open

    if not is_file_name(path.name) or not path.is_file():
        return {}
    try:
        with safe_open(path, "pt") as file:
            card = json.loads((file.metadata() or {}).get(CARD_KEY, "{}"))
    except (SafetensorError, OSError, ValueError):
        return {}  # the loader reports the error
    return card if isinstance(card, dict) and card.get("kind") == KIND else {}


def parent_name(path: Path) -> str:
    """Return the name of the encoder that `path` was fine-tuned from.

    Raises WeightsError if the file is missing, damaged, or not of a fine-tuned encoder.
    """
    card = read_card(path)
    if not card:
        if not path.is_file():
            raise WeightsError(
                f"The encoder file {path} does not exist; check the path, or give an encoder's name."
            )
        raise WeightsError(
            f"{path} is damaged or does not say which encoder it is; if it holds plain weights, give "
            f"--encoder NAME --weights {path}."
        )
    return str(card.get("encoder"))


def weights_path(name: str, weights: Path | None) -> Path | None:
    """Return the weights file that `open_encoder(name, weights=weights)` reads; None for an untrained encoder.

    Raises WeightsError if a file of the catalogue is missing.
    """
    if weights is not None:
        return weights
    if is_file_name(name):
        return Path(name)
    if name == "compact":
        return shipped_weights()
    return require_weights(name) if name in CATALOGUE else None


def parent_sha256(encoder: Encoder, name: str, weights: Path | None) -> str:
    """Return the SHA-256 of the weights file that `open_encoder(name, weights=weights)` reads.

    An untrained encoder has no file; the weights of `encoder` are hashed instead. Raises WeightsError if the file is
    missing.
    """
    path = weights_path(name, weights)
    if path is None:
        digest = hashlib.sha256()
        for tensor in published_state(encoder).values():
            digest.update(tensor.numpy().tobytes())
        return digest.hexdigest()
    try:
        return file_sha256(path)
    except OSError as error:
        raise WeightsError(f"Weights {path} cannot be read: {error.strerror or error}.") from error


def published_state(encoder: Encoder) -> dict[str, Tensor]:
    """Return the weights of `encoder` in float32 on the CPU, under the names of its parent's published file.

    Loading them restores the encoder bit for bit. Raises RecipeError for other kinds of encoders.
    """
    if isinstance(encoder, Compact):
        weights = encoder.state_dict()
        state = {name: weights[name] for name in compact_layout()}
    elif isinstance(encoder, VGG):
        state = _vgg_state(encoder)
    elif isinstance(encoder, ResNet50):
        state = _resnet_state(encoder)
    else:
        raise RecipeError(f"Encoder '{encoder.name}' cannot be written to a file; choose another.")
    return {name: _plain(value) for name, value in state.items()}


def _vgg_state(encoder: VGG) -> dict[str, Tensor]:
    # torchvision counts convolutions, ReLUs and poolings, as the table of layers does.
    state: dict[str, Tensor] = {}
    order = list(encoder.layers)
    for layer, conv in encoder.convolutions.items():
        index = order.index(layer)
        if isinstance(conv, nn.Conv2d) and conv.bias is not None:
            turned = encoder.preprocessing == "caffe" and layer == "conv1_1"
            state[f"features.{index}.weight"] = conv.weight.flip(1) if turned else conv.weight
            state[f"features.{index}.bias"] = conv.bias
    return state


def _resnet_state(encoder: ResNet50) -> dict[str, Tensor]:
    """Return the folded convolutions, with batch normalisations that only add the bias."""
    state: dict[str, Tensor] = {}
    for layer, _, specs in plan():
        convs = [part for part in encoder.parts[layer].children() if isinstance(part, nn.Conv2d)]
        for spec, conv in zip(specs, convs, strict=True):
            assert conv.bias is not None  # folding gave every convolution one
            ones = torch.ones_like(conv.bias)
            state[f"{spec.key}.weight"] = conv.weight
            state[f"{spec.norm}.weight"], state[f"{spec.norm}.bias"] = ones, conv.bias
            # variance + epsilon rounds to exactly 1, so that folding again changes no bit.
            state[f"{spec.norm}.running_mean"] = torch.zeros_like(conv.bias)
            state[f"{spec.norm}.running_var"] = ones - EPSILON
    return state


def _plain(value: Tensor) -> Tensor:
    return (
        value.detach()
        .to(device="cpu", dtype=torch.float32)
        .contiguous()
        .clone(memory_format=torch.contiguous_format)
    )
