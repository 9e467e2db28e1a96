"""The judge of all results: the real VGG-19 if its weights are present, else the compact encoder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from impasto.encoders import Encoder
from impasto.lab.setting import Setting
from impasto.lab.weights import VGG19, fingerprint
from impasto.metrics import JudgingEncoder, choose_judging_encoder


@dataclass(frozen=True)
class Judge:
    """The network that measures results, opened on first use."""

    chosen: JudgingEncoder

    @property
    def name(self) -> str:
        """Name of the encoder."""
        return self.chosen.name

    @cached_property
    def encoder(self) -> Encoder:
        """The network in float32 on the CPU."""
        return self.chosen.open()

    @cached_property
    def fingerprint(self) -> str:
        """The identity of this judge; see `impasto.lab.weights.fingerprint`."""
        return fingerprint(self.name, self.chosen.weights)

    @property
    def sentence(self) -> str:
        """The judge and its limits, for the report."""
        return "Judged through the real VGG-19." if self.name == VGG19 else self.chosen.fallback


def choose_judge(setting: Setting) -> Judge:
    """Return VGG-19 if its weights are given, fetched or in $IMPASTO_SHARED, else the compact encoder."""
    return Judge(choose_judging_encoder(weights=Path(setting.weights) if setting.weights else None))
