"""Through which network results are judged: the real VGG-19 where it is, else the encoder that ships."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from impasto.encoders import Encoder, open_encoder, prepare
from impasto.errors import WeightsError
from impasto.lab.study import Setting
from impasto.lab.weights import VGG19, fingerprint, weights_of


@dataclass(frozen=True)
class Judge:
    """The network that judges, opened when first used; ``weights`` is its file, if it has one."""

    name: str
    weights: Path | None = None

    @cached_property
    def encoder(self) -> Encoder:
        """The network in float32, padded with zeros as the published VGG is."""
        if self.name == VGG19:
            opened = open_encoder(VGG19, weights=self.weights, padding="zeros")
        else:
            opened = open_encoder(self.name)
        return prepare(opened, torch.device("cpu"), "float32")

    @cached_property
    def fingerprint(self) -> str:
        """What tells this judge from others."""
        return fingerprint(self.name, self.weights)

    @property
    def sentence(self) -> str:
        """Who judges, and what that is worth."""
        if self.name == VGG19:
            return "Judged through the real VGG-19."
        return (
            f"Judged through the encoder '{self.name}', because the weights of VGG-19 are not here: it may be the very "
            "network that was painted through, so compare these figures with each other only. "
            "`impasto weights fetch vgg19` or `--weights FILE` gives figures through VGG-19."
        )


def choose_judge(setting: Setting) -> Judge:
    """Return VGG-19 if its weights are given, fetched or shared, else the compact encoder."""
    try:
        return Judge(VGG19, weights_of(VGG19, setting))
    except WeightsError:
        return Judge("compact")
