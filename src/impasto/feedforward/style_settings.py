"""Settings of the training of a network for given styles; importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, Self

from pydantic import Field

from impasto.errors import RecipeError
from impasto.feedforward.training_presets import PRESETS
from impasto.feedforward.training_settings import DETAIL, GRAIN, OnePassTrainingSettings
from impasto.training.settings import LearningRate, LossWeight, Share, ShareBelow1, StepsOrNone

SETTINGS_OF_ONE_PRESET: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "default": (
            "detail",
            "grain",
            "checkerboard_weight",
            "styles_only",
            "kernel_learning_rate",
            "style_learning_rate",
            "warmup",
            "constant",
            "ema_decay",
            "spread_weight",
            "hold_strength",
            "content_weight_at_0",
            "content_weight_at_1",
            "default_share",
            "mixture_share",
        ),
        "johnson": ("style_weight", "variation_weight"),
    }
)


class GivenStyleSettings(OnePassTrainingSettings):
    """Settings of the training of a network for given styles.

    Preset "johnson" is the published training (Johnson et al. 2016, section 4.1): VGG-16, Adam at 1e-3, batches of
    4, 256 pixels, 40,000 steps, which are two epochs of 80,000 photographs. `training_presets` lists its deviations.
    ``make`` raises `RecipeError`.
    """

    preset: Literal["default", "johnson"] = Field("default", description="Network and training.")
    encoder: Literal["compact", "compact-large", "vgg16", "vgg19"] = Field(
        "compact", description="Encoder of the losses; compact-large is nearer to VGG-19 and takes longer."
    )
    start: Literal["any", "random"] = Field(
        "any", description="Start from the small network for any style, or from random weights."
    )
    steps: StepsOrNone = Field(1000, description="Training steps.")
    detail: int = DETAIL
    grain: float = GRAIN
    checkerboard_weight: LossWeight = Field(100.0, description="Weight of checkerboards of single pixels.")
    styles_only: bool = Field(
        False,
        description="Train only the weights that belong to the styles; the others stay those of --from.",
    )
    kernel_learning_rate: LearningRate = Field(
        0.01, description="Learning rate of the convolution kernels (Muon)."
    )
    style_learning_rate: LearningRate = Field(0.01, description="Learning rate of the style matrices (Muon).")
    learning_rate: LearningRate = Field(5e-4, description="Learning rate of all other weights (Adam).")
    ema_decay: ShareBelow1 = Field(0.99, description="Decay of the moving average of the weights.")
    content_weight_at_0: LossWeight = Field(6.0, description="Content weight at strength 0, at first.")
    hold_strength: bool = Field(
        True,
        description="Adapt the content weights so that a strength is a distance from the photograph, as in stylize.",
    )
    default_share: Share = Field(0.5, description="Share of a batch at the default strength and stroke.")
    mixture_share: Share = Field(
        0.25, description="Share of a batch that mixes two styles, if there are two."
    )
    stability_weight: LossWeight = Field(
        10.0, description="Weight of stability under noise, against flicker."
    )
    style_weight: float = Field(
        20.0, gt=0, le=1e9, allow_inf_nan=False, description="Weight of the Gram matrices (johnson)."
    )
    variation_weight: LossWeight = Field(0.1, description="Weight of the total variation (johnson).")

    @classmethod
    def make(cls, fields: Mapping[str, Any]) -> Self:
        """Return validated settings; the preset's values fill in what is not given.

        Raises `RecipeError` with one sentence for the first bad field, or one that the preset does not use.
        """
        preset = str(fields.get("preset", "default"))
        for other, names in SETTINGS_OF_ONE_PRESET.items():
            for name in names:
                if name in fields and other != preset and preset in PRESETS:
                    raise RecipeError(
                        f"{name} is for the preset {other}, not for {preset}; leave it out, or change the preset."
                    )
        if preset == "johnson" and fields.get("start") == "any":
            raise RecipeError("The preset johnson cannot start from any; leave start out, it is random.")
        defaults = dict(PRESETS[preset].fields) if preset in PRESETS else {}
        if fields.get("minutes") is not None:
            defaults.pop("steps", None)
        return super().make({**defaults, **fields})

    def check_start(self, *, named: bool) -> None:
        """Raise `RecipeError` if these settings do not fit a network to start from that is `named`, or that is not."""
        if named and self.start == "random":
            raise RecipeError(
                "--from names a network to start from, but --start random uses none; leave one out."
            )
        if self.styles_only and not named:
            raise RecipeError(
                "--styles-only adds a style to a trained network; name that network with --from."
            )
