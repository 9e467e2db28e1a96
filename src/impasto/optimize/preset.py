"""Preset: a named recipe with its source. Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FIRST_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


@dataclass(frozen=True)
class Preset:
    """A named recipe with its source and the deviations from it.

    ``published_weights`` is the encoder whose weights the source used; with others its losses have another size.
    ``qualities`` are the fields that a quality changes, where it does more than multiply the steps.
    """

    name: str
    summary: str
    source: str
    fields: Mapping[str, Any]
    deviations: tuple[str, ...] = ()
    published_weights: str | None = None
    qualities: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
