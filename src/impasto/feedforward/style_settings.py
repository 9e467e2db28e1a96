"""What decides the training of a network for a few styles. Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, Self

from pydantic import Field

from impasto.errors import RecipeError
from impasto.feedforward.any_settings import TrainingSettings

# What a preset changes, and the settings that mean nothing to it.
PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType({
    "lean": {},
    "johnson": {
        "encoder": "vgg16", "start": "nothing", "steps": 40_000, "other_rate": 1e-3, "steady": 0.0, "reuse": 1,
    },
})  # fmt: skip
ONLY: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "lean": (
        "kernel_rate", "code_rate", "warmup", "constant", "average", "spread_weight", "hold",
        "content_most", "content_least", "plain", "mixtures",
    ),
    "johnson": ("style_weight", "variation_weight"),
})  # fmt: skip


class StyleSettings(TrainingSettings):
    """What decides the training of a network for a few styles.

    Preset "johnson" is the published training (Johnson et al. 2016, section 4.1): VGG-16, Adam at 1e-3, batches of
    4, 256 pixels, 40,000 steps, which are two epochs of 80,000 photographs. Raises `RecipeError` through `make`.
    """

    preset: Literal["lean", "johnson"] = Field("lean", description="Network and training.")
    encoder: Literal["compact", "vgg16", "vgg19"] = Field("compact", description="Encoder of the losses.")
    start: Literal["any", "nothing"] = Field(
        "any", description="Begin with the network for any style, or with random weights."
    )
    steps: int = Field(1000, ge=1, le=10_000_000, description="Training steps.")
    kernel_rate: float = Field(
        0.01, gt=0, le=1, allow_inf_nan=False, description="Learning rate of kernels (Muon)."
    )
    code_rate: float = Field(
        0.01, gt=0, le=1, allow_inf_nan=False, description="Learning rate of the styles' matrices (Muon)."
    )
    other_rate: float = Field(
        5e-4, gt=0, le=1, allow_inf_nan=False, description="Learning rate of everything else (Adam)."
    )
    average: float = Field(
        0.99, ge=0, lt=1, allow_inf_nan=False, description="How much of the averaged weights a step keeps."
    )
    content_most: float = Field(
        6.0, ge=0, le=1e6, allow_inf_nan=False, description="Content weight at strength 0, at first."
    )
    hold: bool = Field(
        True,
        description="Content weights move so that a strength is a distance from the photograph, as in stylize.",
    )
    plain: float = Field(
        0.5,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Share of a batch that is painted at the usual strength and stroke.",
    )
    mixtures: float = Field(
        0.25,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Share of a batch that mixes two styles, if there are.",
    )
    steady: float = Field(
        10.0, ge=0, le=1e6, allow_inf_nan=False, description="Weight of paintings that noise does not change."
    )
    style_weight: float = Field(
        20.0, gt=0, le=1e9, allow_inf_nan=False, description="Weight of the Gram matrices (johnson)."
    )
    variation_weight: float = Field(
        0.1, ge=0, le=1e6, allow_inf_nan=False, description="Weight of the total variation (johnson)."
    )
    previews_every: int = Field(
        200, ge=0, le=1_000_000, description="Steps from one preview to the next; 0 for none."
    )

    @classmethod
    def make(cls, fields: Mapping[str, Any]) -> Self:
        """Return validated settings, those of the preset where nothing is given.

        Raises `RecipeError` with one sentence for the first bad field, or one that the preset has no use for.
        """
        preset = str(fields.get("preset", "lean"))
        for other, names in ONLY.items():
            for name in names:
                if name in fields and other != preset and preset in PRESETS:
                    raise RecipeError(
                        f"{name} is for the preset {other}, not for {preset}; leave it out, or change the preset."
                    )
        if preset == "johnson" and fields.get("start") == "any":
            raise RecipeError("The preset johnson cannot start from any; leave start out, it is nothing.")
        return super().make({**PRESETS.get(preset, {}), **fields})
