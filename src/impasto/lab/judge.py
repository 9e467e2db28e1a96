"""The judge of all results: the real VGG-19 if its weights are present, else the compact encoder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from impasto.encoders import Encoder, open_encoder, prepare
from impasto.errors import WeightsError
from impasto.lab.setting import Setting
from impasto.lab.weights import VGG19, fingerprint, weights_of


@dataclass(frozen=True)
class Judge:
    """The network that measures results, opened on first use; ``weights`` is its file, if it has one."""

    name: str
    weights: Path | None = None

    @cached_property
    def encoder(self) -> Encoder:
        """The network in float32 on the CPU; VGG-19 is padded with zeros, as published."""
        if self.name == VGG19:
            opened = open_encoder(VGG19, weights=self.weights, padding="zeros")
        else:
            opened = open_encoder(self.name)
        return prepare(opened, torch.device("cpu"), "float32")

    @cached_property
    def fingerprint(self) -> str:
        """The identity of this judge; see `impasto.lab.weights.fingerprint`."""
        return fingerprint(self.name, self.weights)

    @property
    def sentence(self) -> str:
        """The judge and its limits, for the report."""
        if self.name == VGG19:
            return "Judged through the real VGG-19."
        return (
            f"Judged through the encoder '{self.name}', because the weights of VGG-19 are not here. This encoder may "
            "also have painted the pictures, so compare these figures only with each other. For figures through "
            "VGG-19, run `impasto weights fetch vgg19` or give `--weights FILE`."
        )


def choose_judge(setting: Setting) -> Judge:
    """Return VGG-19 if its weights are given, fetched or in $IMPASTO_SHARED, else the compact encoder."""
    try:
        return Judge(VGG19, weights_of(VGG19, setting))
    except WeightsError:
        return Judge("compact")
