"""Preset: a named recipe with its source. Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FIRST_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


@dataclass(frozen=True)
class Variant:
    """``fields`` of a preset that differ where the quality, the start, or both have the values ``when``."""

    when: Mapping[str, str]
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Preset:
    """A named recipe with its source and the deviations from it.

    ``published_weights`` is the encoder whose weights the source used; with others its losses have another size.
    ``variants`` apply in their order. A quality without a variant only multiplies the steps.
    """

    name: str
    summary: str
    source: str
    fields: Mapping[str, Any]
    deviations: tuple[str, ...] = ()
    published_weights: str | None = None
    variants: tuple[Variant, ...] = ()

    def fields_for(self, quality: str, start: str) -> dict[str, Any]:
        """Return the fields of a recipe with this ``quality`` and ``start``."""
        fields = dict(self.fields)
        chosen = {"quality": quality, "start": start}
        for variant in self.variants:
            if all(chosen[name] == value for name, value in variant.when.items()):
                fields.update(variant.fields)
        return fields

    def defines_quality(self, quality: str) -> bool:
        """Whether a variant sets the steps of this quality."""
        return any(variant.when.get("quality") == quality for variant in self.variants)
