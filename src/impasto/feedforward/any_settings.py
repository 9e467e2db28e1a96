"""What decides the training of the network for any style. Importing this module does not import torch."""

from __future__ import annotations

from pydantic import Field

from impasto.settings import FrozenSettings


class TrainingSettings(FrozenSettings):
    """What every training of a network that paints in one pass is decided by, apart from its pictures.

    Raises `RecipeError` through `make` for unknown names and impossible values.
    """

    steps: int = Field(1500, ge=1, le=10_000_000, description="Training steps.")
    batch: int = Field(4, ge=1, le=256, description="Photographs in a batch.")
    reuse: int = Field(2, ge=1, le=100, description="Steps that a batch of photographs is used for.")
    size: int = Field(256, ge=64, le=1024, multiple_of=16, description="Side of a crop in pixels.")
    kernel_rate: float = Field(
        0.02, gt=0, le=1, allow_inf_nan=False, description="Learning rate of matrices and kernels (Muon)."
    )
    code_rate: float = Field(
        0.02,
        gt=0,
        le=1,
        allow_inf_nan=False,
        description="Learning rate of the matrices that make codes (Muon).",
    )
    other_rate: float = Field(
        0.00025, gt=0, le=1, allow_inf_nan=False, description="Learning rate of everything else (Adam)."
    )
    warmup: float = Field(
        0.01, ge=0, lt=1, allow_inf_nan=False, description="Share of the run over which the rates rise."
    )
    constant: float = Field(
        0.3, ge=0, lt=1, allow_inf_nan=False, description="Share of the run after which the rates fall."
    )
    average: float = Field(
        0.998, ge=0, lt=1, allow_inf_nan=False, description="How much of the averaged weights a step keeps."
    )
    spread_weight: float = Field(
        1.0, ge=0, le=1e6, allow_inf_nan=False, description="Weight of the spread along the style's axes."
    )
    content_most: float = Field(
        5.0, ge=0, le=1e6, allow_inf_nan=False, description="Content weight at strength 0."
    )
    content_least: float = Field(
        0.25, gt=0, le=1e6, allow_inf_nan=False, description="Content weight at strength 1."
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Seed of everything random.")


class AnySettings(TrainingSettings):
    """What decides the training of the network for any style."""

    steps: int = Field(7000, ge=1, le=10_000_000, description="Training steps.")
    variants: int = Field(
        3, ge=1, le=100, description="Versions of a painting: as it is, smaller, other colours."
    )
    plain: float = Field(
        0.25, ge=0, le=1, allow_inf_nan=False, description="Share of a batch that is painted at strength 1."
    )
