"""The encoder that judges: VGG-19 if its weights are here, else the compact one, which ships."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import torch

from impasto.encoders import Encoder, find_weights, open_encoder, prepare
from impasto.encoders.shipped import COMPACT

VGG19 = "vgg19"
FALLBACK = (
    "Judged through the encoder 'compact', because the weights of VGG-19 are not here. This encoder may also have "
    "painted the pictures, so compare these figures only with each other. For figures through VGG-19, run 'impasto "
    "weights fetch vgg19' or give --weights FILE."
)


@dataclass(frozen=True)
class JudgingEncoder:
    """Name and weights file of the encoder that judges; ``fallback`` says why it is not VGG-19, if it should be."""

    name: str
    weights: Path | None = None
    fallback: str = ""

    def open(self, device: torch.device | None = None) -> Encoder:
        """Return the encoder in float32; a VGG network is padded with zeros, as published.

        Raises RecipeError and WeightsError as `open_encoder`.
        """
        # Replication changes STYLE by some 2 %.
        padding = "zeros" if self.name.startswith("vgg") else "replicate"
        encoder = open_encoder(self.name, weights=self.weights, padding=padding)
        return prepare(encoder, device or torch.device("cpu"), "float32")


def find_vgg19() -> Path | None:
    """Return the weights of VGG-19: the fetched file, else ``vgg19_conv.safetensors`` in $IMPASTO_SHARED, else None."""
    fetched = find_weights(VGG19)
    folder = os.environ.get("IMPASTO_SHARED")
    if fetched is not None or not folder:
        return fetched
    shared = Path(folder, "vgg19_conv.safetensors")
    return shared if shared.is_file() else None


def choose_judging_encoder(name: str | None = None, weights: Path | None = None) -> JudgingEncoder:
    """Return encoder ``name`` with ``weights``; without both, VGG-19 if `find_vgg19` finds it, else the compact one."""
    if name is not None and name != VGG19:
        return JudgingEncoder(name, weights)
    file = weights or find_vgg19()
    if name is None and file is None:
        return JudgingEncoder(COMPACT, None, FALLBACK)
    return JudgingEncoder(VGG19, file)
