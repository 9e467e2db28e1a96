"""What the user asked for: one frozen, validated value, the only place of options and defaults.

Command-line options, forms, documents and checkpoints derive from the fields below. Importing this module
does not import torch.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from impasto.optimize.conflicts import conflict
from impasto.optimize.parsing import parse_aspect, parse_colors, parse_layers, parse_scales
from impasto.settings import FrozenSettings

ContentNormalisation = Literal["gatys", "mean", "variance"]
StyleLoss = Literal["gram", "moments", "wasserstein", "sliced"]
GramNormalisation = Literal["gatys", "d2l", "johnson", "undivided"]
VariationForm = Literal["l1", "l2", "nine_point"]
Blend = Literal["losses", "statistics"]
Share = Literal["everywhere", "layers", "scales"]
ColorMethod = Literal["luminance", "cholesky", "pca", "symmetric", "histogram"]
ColorSpace = Literal["srgb", "linear", "lab"]
Quality = Literal["draft", "normal", "high"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]

Weight = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Side = Annotated[int, Field(ge=16, le=30_000)]
Steps = Annotated[int, Field(ge=1, le=1_000_000)]
LayerWeights = dict[str, Weight]


class Recipe(FrozenSettings):
    """Everything that decides how a picture is painted, apart from the pictures themselves.

    The loss is ``alpha sum_l w_l content_l + beta sum_l v_l style_l + gamma TV`` with ``alpha`` =
    ``content_weight``, ``beta`` = ``style_weight``, ``gamma`` = ``variation_weight``, ``w`` =
    ``content_layers`` and ``v`` = ``style_layers`` (Gatys et al. 2016, section 2). Raises `RecipeError`
    through `Recipe.make` for unknown names and impossible values.
    """

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
    hold: bool = Field(
        False,
        description="Strength holds a distance from the photograph instead of scaling the content weight.",
    )
    stroke: float = Field(
        1.0,
        ge=0.5,
        le=3,
        allow_inf_nan=False,
        description="Size of the brush marks: the style picture's size relative to the output's.",
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Seed of everything random.")

    content_layers: LayerWeights = Field(description="Content layers and their weights.")
    content_loss: ContentNormalisation = Field("variance", description="How content features are compared.")
    content_weight: Weight = Field(1.0, description="alpha, the weight of the content loss.")
    style_layers: LayerWeights = Field(description="Style layers and their weights.")
    style_loss: StyleLoss = Field("moments", description="How style statistics are compared.")
    gram: GramNormalisation = Field("d2l", description="Normalisation of the Gram matrix.")
    style_weight: Weight = Field(1.0, description="beta, the weight of the style loss.")
    variation_weight: Weight = Field(0.0, description="Weight of the total variation.")
    variation: VariationForm = Field("l2", description="Form of the total variation.")

    mix: tuple[Weight, ...] | None = Field(
        None, description="Weights of several styles, adding up to 1; of two the first one's is enough."
    )
    balance: bool = Field(True, description="Make several styles improve equally at even weights.")
    sigmas: tuple[Weight, ...] | None = Field(
        None, description="Factors on the styles' losses, instead of those that balance finds."
    )
    blend: Blend = Field("losses", description="What mix weighs: the styles' losses or their statistics.")
    share: Share = Field(
        "everywhere",
        description="Where several styles act: everywhere, or from the first to the last over layers or scales, "
        "coarse to fine.",
    )
    colors: float = Field(
        0.0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Whose colours: style (0), content (1), or a number between.",
    )
    color_method: ColorMethod = Field(
        "luminance",
        description="Paint lightness alone, or match the style's colours to the photograph's first.",
    )
    color_space: ColorSpace | None = Field(
        None, description="Where colours are matched; each method has its own."
    )
    seamless: bool = Field(False, description="Wrap a texture around both axes.")

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
    base: Side | None = Field(
        None, description="Longer side up to which the picture is composed; scales above it only add detail."
    )
    fine_steps: tuple[Steps, ...] = Field(
        (24,),
        min_length=1,
        description="Steps of each scale above base, from the coarsest; the last repeats.",
    )
    anchor: Weight = Field(0.0, description="Weight that holds scales above base to the picture at base.")
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
    soften: bool = Field(
        False, description="Soften the picture as it grows, against the grid of its old pixels."
    )
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

    @field_validator("colors", mode="before")
    @classmethod
    def _colors(cls, value: object) -> object:
        return parse_colors(value) if isinstance(value, str) else value

    @field_validator("mix", mode="before")
    @classmethod
    def _one_weight(cls, value: object) -> object:
        return (value,) if isinstance(value, int | float) else value

    @field_validator("aspect", mode="before")
    @classmethod
    def _aspect(cls, value: object) -> object:
        return parse_aspect(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _agree(self) -> Self:
        reason = conflict(self)
        if reason:
            raise ValueError(reason)
        return self

    def to_json(self) -> dict[str, object]:
        """Return the recipe as plain JSON values; `Recipe.make` takes them back unchanged."""
        return dict(json.loads(self.model_dump_json()))
