"""Settings of a distillation; importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, Self

from pydantic import Field

from impasto.settings import FrozenSettings
from impasto.training.settings import DeviceName, LearningRate, Precision, Seed, ShareBelow1, Steps

# Defaults that differ from those of the compact student.
STUDENT_DEFAULTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "low-rank": {
            "steps": 2500,
            "size": 160,
            "kernel_learning_rate": 0.001,
            "learning_rate": 0.0001,
            "constant": 0.2,
            "layer_weights": "relu2_1:2,relu3_1:2,relu4_1:2.5,relu4_2:1.5,relu5_1:1",
        }
    }
)


class DistillSettings(FrozenSettings):
    """Everything that determines a distillation besides the pictures and the teacher.

    `DistillSettings.make` raises `RecipeError` for unknown names and impossible values.
    """

    student: Literal["compact", "low-rank"] = Field(
        "compact",
        description="A network of its own (compact), or VGG-19 with low-rank convolutions (low-rank).",
    )
    budget: float = Field(
        0.33, gt=0, le=1, description="Multiply-adds of a low-rank student, as a share of VGG-19's."
    )
    steps: Steps = Field(6500, description="Training steps.")
    batch: int = Field(8, ge=1, le=4096, description="Crops in a batch.")
    size: int = Field(192, ge=32, le=1024, description="Side of a crop in pixels.")
    reuse: int = Field(
        2, ge=1, le=1000, description="Steps from one new batch to the next; others are replayed."
    )
    replay: int = Field(80, ge=1, le=100_000, description="Batches kept for replay.")
    kernel_learning_rate: LearningRate = Field(0.02, description="Learning rate of the kernels (Muon).")
    learning_rate: LearningRate = Field(0.002, description="Learning rate of all other weights (Adam).")
    warmup_steps: Steps = Field(50, description="Steps over which the learning rates rise.")
    constant: ShareBelow1 = Field(0.45, description="Share of the run before the learning rates fall.")
    policy_from: ShareBelow1 = Field(0.15, description="Share of the run before on-policy pictures are used.")
    policy_every: Steps = Field(100, description="Steps between two sets of on-policy pictures.")
    policy_share: ShareBelow1 = Field(0.4, description="Share of on-policy pictures in a batch.")
    policy_capacity: int = Field(400, ge=1, le=1_000_000, description="On-policy pictures in memory.")
    layer_weights: str = Field(
        "relu1_1:3,relu2_1:2,relu3_1:2,relu4_1:2.5,relu4_2:1.5,relu5_1:.6",
        description="Loss weight of each layer; deep layers leave more variance unexplained and get less.",
    )
    seed: Seed = 0
    device: DeviceName = "auto"
    precision: Precision = "auto"

    @classmethod
    def make(cls, fields: Mapping[str, Any]) -> Self:
        """Return validated settings, with the student's own defaults where `fields` has none."""
        defaults = STUDENT_DEFAULTS.get(str(fields.get("student")), {})
        return super().make({**defaults, **fields})
