"""What the user asked for: one frozen, validated value, the only place of options and defaults.

Command-line options, forms, documents and checkpoints derive from the fields below. Importing this module
does not import torch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from impasto.errors import RecipeError, unknown

ContentNormalisation = Literal["gatys", "mean", "variance"]
StyleLoss = Literal["gram", "moments", "wasserstein", "sliced"]
GramNormalisation = Literal["gatys", "d2l", "johnson", "undivided"]
VariationForm = Literal["l1", "l2", "nine_point"]
Quality = Literal["draft", "normal", "high"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]

Weight = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Side = Annotated[int, Field(ge=16, le=30_000)]
Steps = Annotated[int, Field(ge=1, le=1_000_000)]
LayerWeights = dict[str, Weight]


class Recipe(BaseModel):
    """Everything that decides how a picture is painted, apart from the pictures themselves.

    The loss is ``alpha sum_l w_l content_l + beta sum_l v_l style_l + gamma TV`` with ``alpha`` =
    ``content_weight``, ``beta`` = ``style_weight``, ``gamma`` = ``variation_weight``, ``w`` =
    ``content_layers`` and ``v`` = ``style_layers`` (Gatys et al. 2016, section 2). Raises `RecipeError`
    through `Recipe.make` for unknown names and impossible values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)

    preset: str = Field("impasto", description="Name of the settings this recipe started from.")
    encoder: str = Field("compact", description="Network whose features are compared.")
    weights: str | None = Field(None, description="File with the encoder's weights.")
    pooling: Literal["max", "average", "l2"] | None = Field(None, description="Pooling of a VGG encoder.")
    size: Side = Field(512, description="Longer side of the picture in pixels.")
    aspect: float | None = Field(
        None,
        ge=0.01,
        le=100,
        allow_inf_nan=False,
        description="Width over height where no photograph sets it.",
    )
    quality: Quality = Field("normal", description="How many steps: draft, normal or high.")
    strength: float = Field(
        0.5,
        ge=0,
        le=2,
        allow_inf_nan=False,
        description="0 keeps the photograph, .5 is balanced, 2 is all style.",
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Seed of everything random.")

    content_layers: LayerWeights = Field(description="Content layers and their weights.")
    content_loss: ContentNormalisation = Field("variance", description="How content features are compared.")
    content_weight: Weight = Field(1.0, description="alpha, the weight of the content loss.")
    style_layers: LayerWeights = Field(description="Style layers and their weights.")
    style_loss: StyleLoss = Field("moments", description="How style statistics are compared.")
    gram: GramNormalisation = Field("d2l", description="Normalisation of the Gram matrix.")
    style_weight: Weight = Field(1.0, description="beta, the weight of the style loss.")
    style_scale: float = Field(
        1.0,
        ge=0.05,
        le=8,
        allow_inf_nan=False,
        description="Size of the style picture relative to the output.",
    )
    variation_weight: Weight = Field(0.0, description="Weight of the total variation.")
    variation: VariationForm = Field("l2", description="Form of the total variation.")

    start: Literal["content", "noise", "style", "picture"] = Field(
        "content", description="First picture: content, noise, style statistics, or a file."
    )
    start_picture: str | None = Field(None, description="File to start from (sets start to 'picture').")
    scales: tuple[tuple[Side, Steps], ...] | None = Field(
        None, description="Longer side and steps of every scale, e.g. 128:200,256:100,512:50."
    )
    smallest: Side = Field(128, description="Longer side of the first scale.")
    scale_ratio: float = Field(
        2.0, gt=1, le=64, allow_inf_nan=False, description="Ratio from scale to scale."
    )
    scale_steps: tuple[Steps, ...] = Field(
        (100,), min_length=1, description="Steps of each scale from the finest; the last one repeats."
    )
    first_steps: Steps | None = Field(
        None, description="Steps of the coarsest scale, if others than its share."
    )
    steps: Steps | None = Field(None, description="Steps in total, shared out like the preset's own.")

    optimizer: Literal["adam", "lbfgs"] = Field("adam", description="Optimiser: adam or lbfgs.")
    learning_rate: float = Field(
        0.02, gt=0, le=100, allow_inf_nan=False, description="Step size in pixel units."
    )
    betas: tuple[float, float] = Field((0.9, 0.99), description="Adam's two decay rates.")
    decay: float = Field(1.0, gt=0, le=1, description="Factor on the learning rate every decay_every steps.")
    decay_every: Steps = Field(100, description="Steps between two decays of the learning rate.")
    final_rate: float = Field(
        1.0, gt=0, le=1, description="Rate at a scale's end over that at its start (cosine)."
    )
    carry: bool = Field(True, description="Carry Adam's moments over to the next scale.")
    average: float = Field(0.0, ge=0, lt=1, description="Decay of the average of iterates; 0 for none.")
    views: int = Field(
        1, ge=1, le=64, description="Shifted, mirrored and turned views that the encoder sees in turn."
    )
    clamp: bool = Field(True, description="Keep pixels in [0, 1] after every step.")

    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, mps.")
    precision: Precision = Field("auto", description="Number format of the encoder.")

    @field_validator("content_layers", "style_layers", mode="before")
    @classmethod
    def _layers(cls, value: object) -> object:
        return parse_layers(value) if isinstance(value, str) else value

    @field_validator("scales", mode="before")
    @classmethod
    def _scales(cls, value: object) -> object:
        return parse_scales(value) if isinstance(value, str) else value

    @field_validator("aspect", mode="before")
    @classmethod
    def _aspect(cls, value: object) -> object:
        return parse_aspect(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.optimizer == "adam" and not all(0 <= b < 1 for b in self.betas):
            raise ValueError(f"betas must lie in [0, 1), given {self.betas}")
        if self.optimizer == "lbfgs" and self.style_loss == "sliced":
            raise ValueError(
                "style_loss 'sliced' changes from call to call, which no line search bears; use adam"
            )
        if self.optimizer == "lbfgs" and self.views > 1:
            raise ValueError(
                f"views = {self.views} changes the loss from step to step, which L-BFGS does not bear"
            )
        if self.start == "picture" and not self.start_picture:
            raise ValueError("start 'picture' needs start_picture, the file to start from")
        if self.scales is not None and any(
            a[0] > b[0] for a, b in zip(self.scales, self.scales[1:], strict=False)
        ):
            raise ValueError("scales must not shrink from one to the next")
        if not any(self.content_layers.values()) and not any(self.style_layers.values()):
            raise ValueError("at least one content or style layer needs a weight above 0")
        return self

    @classmethod
    def make(cls, fields: Mapping[str, Any]) -> Recipe:
        """Return a validated recipe; raises `RecipeError` with one sentence for the first bad field."""
        for name in fields:
            if name not in cls.model_fields:
                raise RecipeError(unknown("setting", name, cls.model_fields))
        try:
            return cls(**fields)
        except ValidationError as error:
            raise RecipeError(_sentence(error)) from None

    def to_json(self) -> dict[str, object]:
        """Return the recipe as plain JSON values; `Recipe.make` takes them back unchanged."""
        return dict(json.loads(self.model_dump_json()))


def parse_layers(text: str) -> dict[str, float]:
    """Return layer weights from ``relu1_1:1,relu2_1:.5`` (no weight means 1); raises `ValueError`."""
    layers: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, weight = part.partition(":")
        try:
            layers[name.strip()] = float(weight) if weight else 1.0
        except ValueError:
            raise ValueError(f"'{part}' is not LAYER or LAYER:WEIGHT, e.g. relu4_1:0.5") from None
    return layers


def parse_scales(text: str) -> tuple[tuple[int, int], ...]:
    """Return a schedule from ``128:200,512:50`` (longer side : steps); raises `ValueError`."""
    if not re.fullmatch(r"\s*\d+\s*:\s*\d+\s*(,\s*\d+\s*:\s*\d+\s*)*", text):
        raise ValueError(f"'{text}' is not SIDE:STEPS,SIDE:STEPS,..., e.g. 128:200,512:50")
    pairs = (part.split(":") for part in text.split(","))
    return tuple((int(side), int(steps)) for side, steps in pairs)


def parse_aspect(text: str) -> float:
    """Return width over height from ``16:9`` or ``1.5``; raises `ValueError`."""
    width, _, height = text.partition(":")
    try:
        return float(width) / float(height or 1)
    except (ValueError, ZeroDivisionError):
        raise ValueError("this is not WIDTH:HEIGHT, e.g. 16:9") from None


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "[key]")
    message = str(first["msg"]).removeprefix("Value error, ")
    if not where:
        return f"The settings do not fit together: {message}."
    return f"{where} is {first['input']!r}: {message[0].lower()}{message[1:]}."
