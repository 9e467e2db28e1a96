"""Settings of the trainings of one-pass networks; importing this module does not import torch."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationInfo, field_validator, model_validator

from impasto.settings import FrozenSettings
from impasto.training.settings import (
    DeviceName,
    LearningRate,
    LossWeight,
    MinutesOrNone,
    Precision,
    Seed,
    Share,
    ShareBelow1,
    StepsOrNone,
)

DETAIL = Field(16, ge=0, le=256, description="Channels at full resolution; 0 for none.")
GRAIN = Field(
    0.03, ge=0, le=0.2, description="Deviation of the noise that photographs get before they are painted."
)


class OnePassTrainingSettings(FrozenSettings):
    """Settings that every training of a one-pass network shares.

    Either `minutes` or `steps` is the length of the training; the other one is None. ``make`` raises `RecipeError` for
    unknown names and impossible values.
    """

    minutes: MinutesOrNone = Field(
        None, description="Minutes of training, instead of steps; the learning rates follow the time."
    )
    steps: StepsOrNone = Field(1500, description="Training steps.")
    batch: int = Field(4, ge=1, le=256, description="Photographs in a batch.")
    reuse: int = Field(2, ge=1, le=100, description="Steps for which a batch of photographs is used.")
    size: int = Field(256, ge=64, le=1024, multiple_of=16, description="Side of a crop in pixels.")
    kernel_learning_rate: LearningRate = Field(
        0.02, description="Learning rate of the convolution kernels (Muon)."
    )
    style_learning_rate: LearningRate = Field(0.02, description="Learning rate of the style matrices (Muon).")
    learning_rate: LearningRate = Field(0.00025, description="Learning rate of all other weights (Adam).")
    warmup: ShareBelow1 = Field(0.01, description="Share of the run over which the learning rates rise.")
    constant: ShareBelow1 = Field(0.3, description="Share of the run before the learning rates fall.")
    ema_decay: ShareBelow1 = Field(0.998, description="Decay of the moving average of the weights.")
    spread_weight: LossWeight = Field(
        1.0, description="Weight of the spread along the style's principal axes."
    )
    content_weight_at_0: LossWeight = Field(5.0, description="Content weight at strength 0.")
    content_weight_at_1: float = Field(
        0.25, gt=0, le=1e6, allow_inf_nan=False, description="Content weight at strength 1."
    )
    seed: Seed = 0
    device: DeviceName = "auto"
    precision: Precision = "auto"

    @model_validator(mode="before")
    @classmethod
    def _minutes_replace_default_steps(cls, fields: dict[str, Any]) -> dict[str, Any]:
        return fields if fields.get("minutes") is None else {"steps": None, **fields}

    @field_validator("steps")
    @classmethod
    def _one_length(cls, steps: int | None, info: ValidationInfo) -> int | None:
        timed = info.data.get("minutes") is not None
        if timed and steps is not None:
            raise ValueError("leave it out, because minutes are given")
        if not timed and steps is None:
            raise ValueError("input should be a number, unless minutes are given")
        return steps


class AnyStyleSettings(OnePassTrainingSettings):
    """Settings of the training of the network for any style."""

    steps: StepsOrNone = Field(7000, description="Training steps.")
    variants: int = Field(
        3, ge=1, le=100, description="Versions of a style image: original, smaller, other colours."
    )
    blocks: tuple[int, int, int] = Field(
        (1, 4, 6), description="Residual blocks at 1/2, 1/4 and 1/8 of the resolution."
    )
    detail: int = DETAIL
    grain: float = GRAIN
    loss_encoder: str = Field("compact-large", description="Encoder of the losses.")
    checkerboard_weight: LossWeight = Field(0.0, description="Weight of checkerboards of single pixels.")
    full_strength_share: Share = Field(0.25, description="Share of a batch at strength 1.")
