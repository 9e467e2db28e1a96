"""Settings of a fine-tuning; the command line derives its options from them.

Importing this module does not import torch.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from impasto.settings import FrozenSettings
from impasto.training.settings import DeviceName, Precision, Seed, Share, ShareBelow1

# fc6 reads crops of 224 pixels, cut from pictures of 256 (Simonyan & Zisserman 2015, section 3.1). Its 25088 inputs and
# the 4096 of fc8 are not standardised, so that the learning rates of a linear head would be far too large.
FC_DEFAULTS = {"size": 224, "side": 256, "learning_rate": 0.0005, "encoder_learning_rate": 0.00002}


class FinetuneSettings(FrozenSettings):
    """Everything that determines a fine-tuning besides the pictures and the parent's weights.

    With ``head="fc"`` the defaults are `FC_DEFAULTS`. `FinetuneSettings.make` raises
    `RecipeError` for unknown names and impossible values.
    """

    encoder: str = Field(
        "compact", description="Encoder to start from: compact, vgg16, vgg19, resnet50, or a fine-tuned file."
    )
    head: Literal["linear", "fc"] = Field(
        "linear",
        description="Head: a linear layer on averaged features, or VGG's fc6 and fc7 with a new fc8.",
    )
    scope: Literal["head", "top", "all"] = Field(
        "all",
        description="What is trained: the new layer, the new layer and the top blocks, or everything.",
    )
    freeze_to: str | None = Field(
        None, description="Last frozen block, for scope top; by default scope top trains two blocks."
    )
    epochs: int = Field(8, ge=1, le=10_000, description="Passes over the training pictures.")
    batch: int = Field(32, ge=1, le=4096, description="Pictures in a batch.")
    size: int = Field(
        96, ge=32, le=1024, description="Side of the training crops in pixels; 224 with head fc."
    )
    side: int = Field(
        160,
        ge=32,
        le=4096,
        description="Shorter side of the pictures in memory, in pixels; 256 with head fc.",
    )
    learning_rate: float = Field(
        0.005,
        gt=0,
        le=10,
        allow_inf_nan=False,
        description="Learning rate of the new layer; 0.0005 with head fc.",
    )
    encoder_learning_rate: float = Field(
        0.0004,
        gt=0,
        le=10,
        allow_inf_nan=False,
        description="Learning rate of the old layers; 0.00002 with head fc.",
    )
    weight_decay: float = Field(0.02, ge=0, le=10, allow_inf_nan=False, description="Weight decay (AdamW).")
    warmup: ShareBelow1 = Field(0.1, description="Share of the run over which the learning rates rise.")
    patience: int = Field(
        4,
        ge=0,
        le=10_000,
        description="Epochs without improvement before an early stop; 0: never stop early.",
    )
    validation: float = Field(
        0.2, gt=0, lt=1, allow_inf_nan=False, description="Share of every class held out for validation."
    )
    smallest_crop: float = Field(
        0.5,
        gt=0,
        le=1,
        allow_inf_nan=False,
        description="Smallest share of a picture's area in a crop.",
    )
    jitter: Share = Field(0.2, description="Range of random brightness, contrast, saturation.")
    flip: bool = Field(True, description="Mirror half of the pictures.")
    memory: int = Field(
        2000,
        ge=0,
        le=10_000_000,
        description="Megabytes of decoded pictures in memory; others are read again.",
    )
    seed: Seed = 0
    device: DeviceName = "auto"
    precision: Precision = "auto"

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_the_head(cls, fields: Any) -> Any:
        if isinstance(fields, dict) and fields.get("head") == "fc":
            return {**FC_DEFAULTS, **fields}
        return fields

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.freeze_to is not None and self.scope != "top":
            raise ValueError(f"freeze_to is for scope top, not {self.scope}")
        if self.size > self.side:
            raise ValueError(
                f"crops of {self.size} pixels are larger than the pictures, whose shorter side is {self.side} and "
                "therefore too small; raise side or lower size"
            )
        return self
