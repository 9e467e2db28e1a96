"""What decides a fine-tuning: one frozen value, of which the command line's options are made.

Importing this module does not import torch.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from impasto.settings import FrozenSettings


class FinetuneSettings(FrozenSettings):
    """Everything that decides a fine-tuning, apart from the pictures and the parent's weights.

    Raises `RecipeError` through `FinetuneSettings.make` for unknown names and impossible values.
    """

    encoder: str = Field(
        "compact", description="Network to begin with: compact, vgg16, vgg19, resnet50, or a fine-tuned file."
    )
    scope: Literal["head", "top", "all"] = Field(
        "all", description="What is trained: the new head, the upper blocks with it, or everything."
    )
    freeze_to: str | None = Field(
        None, description="Last block that stays as it is; for scope top, which trains two blocks by itself."
    )
    epochs: int = Field(8, ge=1, le=10_000, description="Times that every training picture is seen.")
    batch: int = Field(32, ge=1, le=4096, description="Pictures in a batch.")
    size: int = Field(96, ge=32, le=1024, description="Side of the square that the network sees, in pixels.")
    side: int = Field(160, ge=32, le=4096, description="Shorter side at which pictures are kept, in pixels.")
    rate: float = Field(0.005, gt=0, le=10, allow_inf_nan=False, description="Learning rate of the new head.")
    old_rate: float = Field(
        0.0004, gt=0, le=10, allow_inf_nan=False, description="Learning rate of the layers that were there."
    )
    decay: float = Field(0.02, ge=0, le=10, allow_inf_nan=False, description="Weight decay (AdamW).")
    warmup: float = Field(
        0.1, ge=0, lt=1, allow_inf_nan=False, description="Share of the run over which the rates rise."
    )
    patience: int = Field(
        4, ge=0, le=10_000, description="Epochs without a better validation before it stops early; 0: never."
    )
    validation: float = Field(
        0.2, gt=0, lt=1, allow_inf_nan=False, description="Share of every class kept apart to judge by."
    )
    smallest_crop: float = Field(
        0.5,
        gt=0,
        le=1,
        allow_inf_nan=False,
        description="Smallest share of a picture's area that a crop shows.",
    )
    jitter: float = Field(
        0.2, ge=0, le=1, allow_inf_nan=False, description="How far brightness, contrast and colour vary."
    )
    flip: bool = Field(True, description="Mirror half of the pictures.")
    memory: int = Field(
        2000, ge=0, le=10_000_000, description="Megabytes of decoded pictures to keep; others are read again."
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Seed of everything random.")
    device: str = Field("auto", description="auto, cpu, cuda, mps.")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Number format of the network's arithmetic; weights stay float32."
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.freeze_to is not None and self.scope != "top":
            raise ValueError(f"freeze_to is for scope top, not {self.scope}")
        if self.size > self.side:
            raise ValueError(
                f"pictures kept at {self.side} pixels are too small for a network that sees {self.size}; "
                "raise side or lower size"
            )
        return self
