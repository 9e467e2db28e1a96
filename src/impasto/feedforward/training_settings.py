"""Settings of the trainings of one-pass networks; importing this module does not import torch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from impasto.settings import FrozenSettings


class OnePassTrainingSettings(FrozenSettings):
    """Settings that every training of a one-pass network shares.

    ``make`` raises `RecipeError` for unknown names and impossible values.
    """

    steps: int = Field(1500, ge=1, le=10_000_000, description="Training steps.")
    batch: int = Field(4, ge=1, le=256, description="Photographs in a batch.")
    reuse: int = Field(2, ge=1, le=100, description="Steps for which a batch of photographs is used.")
    size: int = Field(256, ge=64, le=1024, multiple_of=16, description="Side of a crop in pixels.")
    kernel_learning_rate: float = Field(
        0.02, gt=0, le=1, allow_inf_nan=False, description="Learning rate of the convolution kernels (Muon)."
    )
    style_learning_rate: float = Field(
        0.02, gt=0, le=1, allow_inf_nan=False, description="Learning rate of the style matrices (Muon)."
    )
    learning_rate: float = Field(
        0.00025, gt=0, le=1, allow_inf_nan=False, description="Learning rate of all other weights (Adam)."
    )
    warmup: float = Field(
        0.01,
        ge=0,
        lt=1,
        allow_inf_nan=False,
        description="Share of the run over which the learning rates rise.",
    )
    constant: float = Field(
        0.3, ge=0, lt=1, allow_inf_nan=False, description="Share of the run before the learning rates fall."
    )
    ema_decay: float = Field(
        0.998, ge=0, lt=1, allow_inf_nan=False, description="Decay of the moving average of the weights."
    )
    spread_weight: float = Field(
        1.0,
        ge=0,
        le=1e6,
        allow_inf_nan=False,
        description="Weight of the spread along the style's principal axes.",
    )
    content_weight_at_0: float = Field(
        5.0, ge=0, le=1e6, allow_inf_nan=False, description="Content weight at strength 0."
    )
    content_weight_at_1: float = Field(
        0.25, gt=0, le=1e6, allow_inf_nan=False, description="Content weight at strength 1."
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Seed of everything random.")
    device: str = Field("auto", description="auto, cpu, cuda, mps.")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Number format of the networks; weights stay float32."
    )


class AnyStyleSettings(OnePassTrainingSettings):
    """Settings of the training of the network for any style."""

    steps: int = Field(7000, ge=1, le=10_000_000, description="Training steps.")
    variants: int = Field(
        3, ge=1, le=100, description="Versions of a style image: original, smaller, other colours."
    )
    full_strength_share: float = Field(
        0.25, ge=0, le=1, allow_inf_nan=False, description="Share of a batch at strength 1."
    )
