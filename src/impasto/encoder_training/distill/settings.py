"""Settings of a distillation; importing this module does not import torch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from impasto.settings import FrozenSettings


class DistillSettings(FrozenSettings):
    """Everything that determines a distillation besides the pictures and the teacher.

    `DistillSettings.make` raises `RecipeError` for unknown names and impossible values.
    """

    steps: int = Field(6500, ge=1, le=10_000_000, description="Training steps.")
    batch: int = Field(8, ge=1, le=4096, description="Crops in a batch.")
    size: int = Field(192, ge=32, le=1024, description="Side of a crop in pixels.")
    reuse: int = Field(
        2, ge=1, le=1000, description="Steps from one new batch to the next; others are replayed."
    )
    replay: int = Field(80, ge=1, le=100_000, description="Batches kept for replay.")
    kernel_learning_rate: float = Field(
        0.02, gt=0, le=1, allow_inf_nan=False, description="Learning rate of the kernels (Muon)."
    )
    learning_rate: float = Field(
        0.002, gt=0, le=1, allow_inf_nan=False, description="Learning rate of all other weights (Adam)."
    )
    warmup_steps: int = Field(
        50, ge=1, le=10_000_000, description="Steps over which the learning rates rise."
    )
    constant: float = Field(
        0.45, ge=0, lt=1, allow_inf_nan=False, description="Share of the run before the learning rates fall."
    )
    policy_from: float = Field(
        0.15,
        ge=0,
        lt=1,
        allow_inf_nan=False,
        description="Share of the run before on-policy pictures are used.",
    )
    policy_every: int = Field(
        100, ge=1, le=10_000_000, description="Steps between two sets of on-policy pictures."
    )
    policy_share: float = Field(
        0.4, ge=0, lt=1, allow_inf_nan=False, description="Share of on-policy pictures in a batch."
    )
    policy_capacity: int = Field(400, ge=1, le=1_000_000, description="On-policy pictures in memory.")
    layer_weights: str = Field(
        "relu1_1:3,relu2_1:2,relu3_1:2,relu4_1:2.5,relu4_2:1.5,relu5_1:.6",
        description="Loss weight of each layer; deep layers leave more variance unexplained and get less.",
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Seed of everything random.")
    device: str = Field("auto", description="auto, cpu, cuda, mps.")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Number format of both networks; weights stay float32."
    )
