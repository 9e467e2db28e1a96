"""Fields of a recipe with their defaults, ranges and descriptions.

Command-line options, forms, documents and checkpoints derive from these fields. Importing this module does not
import torch.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from impasto.imaging.print_sizes import LARGEST_SIDE, SIZE_HELP, SMALLEST_SIDE, box_of
from impasto.imaging.size_settings import (
    CANVAS_HELP,
    DPI_HELP,
    FRAMING_HELP,
    Canvas,
    Dpi,
    Framing,
    SizeSetting,
)
from impasto.losses.gram_normalisations import GRAM_FORMULAS
from impasto.losses.registry import CONTENT_LOSSES, GRAM_NORMALISATION, STYLE_LOSSES, VARIATIONS
from impasto.optimize.optimizers.registry import OPTIMIZERS
from impasto.settings import FrozenSettings, OneOf

ContentLoss = Annotated[str, OneOf(CONTENT_LOSSES)]
StyleLossName = Annotated[str, OneOf(STYLE_LOSSES)]
GramNormalisation = Annotated[str, OneOf(GRAM_NORMALISATION.choices)]
VariationForm = Annotated[str, OneOf(VARIATIONS)]
OptimizerName = Annotated[str, OneOf(OPTIMIZERS)]
Blend = Literal["losses", "statistics"]
Share = Literal["everywhere", "layers", "scales"]
ColorMethod = Literal["luminance", "cholesky", "pca", "symmetric", "histogram"]
ColorSpace = Literal["srgb", "linear", "lab"]
Quality = Literal["draft", "normal", "high"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]

# Longer side of an output without a content image, and the largest that a content image sets.
DEFAULT_SIDE = 512
LARGEST_DEFAULT_SIDE = 1024

Weight = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Side = Annotated[int, Field(ge=SMALLEST_SIDE, le=LARGEST_SIDE)]
Steps = Annotated[int, Field(ge=1, le=1_000_000)]
Tile = Annotated[int, Field(ge=128, le=LARGEST_SIDE)]
LayerWeights = dict[str, Weight]


class RecipeFields(FrozenSettings):
    """The fields of `Recipe`, without checks that involve several of them."""

    preset: str = Field("impasto", description="Name of the preset that the recipe starts from.")
    encoder: str = Field("compact", description="Network whose features are compared.")
    fine_encoder: str | None = Field(
        None, description="Network whose features are compared at scales above base, if not the same."
    )
    weights: str | None = Field(None, description="File with the encoder's weights.")
    pooling: Literal["max", "average", "l2"] | None = Field(
        None, description="Pooling of a VGG encoder (max by default)."
    )
    rescale_pooling: bool | None = Field(
        None,
        description="Multiply average and l2 pooling of a VGG encoder by 2.0 and 0.78, which keeps the size of the "
        "activations (yes by default).",
    )
    padding: Literal["replicate", "zeros"] | None = Field(
        None, description="Padding of the first convolution of a VGG encoder (replicate by default)."
    )
    size: SizeSetting | None = Field(
        None,
        description="Size of the output: "
        + SIZE_HELP
        + ". By default that of the content image, at most 1024, or 512 "
        "without one.",
    )
    framing: Framing = Field("crop", description=FRAMING_HELP)
    dpi: Dpi | None = Field(None, description=DPI_HELP)
    canvas: Canvas | None = Field(None, description=CANVAS_HELP)
    aspect: float | None = Field(
        None,
        ge=0.01,
        le=100,
        allow_inf_nan=False,
        description="Width divided by height, where no content image sets it.",
    )
    quality: Quality = Field("normal", description="Number of steps: draft, normal or high.")
    strength: float = Field(
        0.5,
        ge=0,
        le=2,
        allow_inf_nan=False,
        description="0 keeps the content image, .5 is balanced, 2 is all style.",
    )
    hold: bool = Field(
        False,
        description="Adapt the content weight at every step until the content loss has the value that strength sets.",
    )
    stroke: float = Field(
        1.0,
        ge=0.5,
        le=3,
        allow_inf_nan=False,
        description="Size of the brush strokes: the style image's size relative to the output's.",
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Seed of the random numbers.")

    content_layers: LayerWeights = Field(description="Content layers and their weights.")
    content_loss: ContentLoss = Field("variance", description="Normalisation of the content loss.")
    content_weight: Weight = Field(1.0, description="alpha, the weight of the content loss.")
    style_layers: LayerWeights = Field(description="Style layers and their weights.")
    style_loss: StyleLossName = Field(
        "moments",
        description="Style loss; mrf compares all pairs of patches and is slow unless the style layers are few and "
        "deep, such as relu3_1,relu4_1.",
    )
    gram: GramNormalisation = Field(GRAM_NORMALISATION.default, description=GRAM_FORMULAS)
    style_weight: Weight = Field(1.0, description="beta, the weight of the style loss.")
    variation_weight: Weight = Field(0.0, description="tau, the weight of the total variation.")
    variation: VariationForm = Field("l2", description="Form of the total variation.")
    value_range_weight: Weight = Field(
        0.0,
        description="rho, the weight of the penalty on pixels outside 0 to 1; above 0, it replaces clamp.",
    )

    mix: tuple[Weight, ...] | None = Field(
        None,
        description="Weights of several styles, adding up to 1; for two styles, the first one's weight is enough.",
    )
    balance: bool = Field(
        True, description="Balance several styles so that all improve equally at even weights."
    )
    sigmas: tuple[Weight, ...] | None = Field(
        None, description="Factors on the losses of the styles, instead of those that balance computes."
    )
    blend: Blend = Field(
        "losses", description="What mix weighs: the losses of the styles or their statistics."
    )
    share: Share = Field(
        "everywhere",
        description="Where several styles act: everywhere, or each on its own layers or scales, the first style on the "
        "coarsest.",
    )
    colors: float = Field(
        0.0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Colours of the output: style (0), content (1), or a number between.",
    )
    color_method: ColorMethod = Field(
        "luminance",
        description="How content colours are kept: luminance transfers lightness only; the others match the style "
        "image's colours to the content image.",
    )
    color_space: ColorSpace | None = Field(
        None, description="Colour space of the matching; the default depends on the method."
    )
    seamless: bool = Field(False, description="Make a texture that tiles seamlessly along both axes.")

    start: Literal["content", "fast", "noise", "style", "picture"] = Field(
        "content",
        description="Initial image: content, fast (painted in one pass by the network for any style), noise, style "
        "(noise in the style's colours), or picture (a file).",
    )
    start_picture: str | None = Field(None, description="Initial image from a file (sets start to picture).")
    scales: tuple[tuple[Side, Steps], ...] | None = Field(
        None, description="Longer side and steps of every scale, such as 128:200,256:100,512:50."
    )
    smallest: Side = Field(128, description="Longer side of the first scale.")
    scale_ratio: float = Field(
        2.0, gt=1, le=64, allow_inf_nan=False, description="Ratio between the sizes of neighbouring scales."
    )
    scale_steps: tuple[Steps, ...] = Field(
        (100,), min_length=1, description="Steps per scale from the finest; the last number repeats."
    )
    first_steps: Steps | None = Field(
        None, description="Steps of the coarsest scale, if different from scale_steps."
    )
    base: Side | None = Field(
        None, description="Longer side of the composition; larger scales only add detail to it."
    )
    fine_steps: tuple[Steps, ...] = Field(
        (24,),
        min_length=1,
        description="Steps per scale above base, from the coarsest; the last number repeats.",
    )
    anchor: Weight = Field(
        0.0, description="Weight of the term that keeps scales above base close to the image at base."
    )
    layout: Weight = Field(
        0.0,
        description="Weight of the term that keeps the layout of colours of an initial image from fast or picture.",
    )
    steps: Steps | None = Field(
        None, description="Total number of steps, distributed over the scales in the preset's proportions."
    )

    optimizer: OptimizerName = Field("adam", description="Optimiser.")
    learning_rate: float = Field(
        0.02,
        gt=0,
        le=100,
        allow_inf_nan=False,
        description="Learning rate, in pixel_units.",
    )
    pixel_units: Literal["unit", "byte", "normalised"] = Field(
        "unit",
        description="Units of the pixels that Adam optimises: 0 to 1 (unit), 0 to 255 (byte), or divided by ImageNet's "
        "standard deviations (normalised).",
    )
    betas: tuple[float, float] = Field((0.9, 0.99), description="Decay rates of Adam's two moments.")
    smooth_steps: bool = Field(
        False, description="Blur every step of Adam slightly, against patterns of single pixels."
    )
    decay: float = Field(
        1.0, gt=0, le=1, description="Factor on the learning rate after every decay_every steps."
    )
    decay_every: tuple[Steps, ...] = Field(
        (100,),
        min_length=1,
        description="Steps between two decays of the learning rate, per scale from the coarsest; the last repeats.",
    )
    staircase: bool = Field(
        True,
        description="Decay the learning rate in jumps, one after every decay_every steps; otherwise a little at every "
        "step.",
    )
    final_learning_rate_factor: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Learning rate at the end of a scale relative to its start (cosine schedule).",
    )
    carry: bool = Field(
        True, description="Carry the optimiser's state over to the next scale, if it supports that (Adam)."
    )
    soften: bool = Field(
        False,
        description="Blur the image slightly when it is enlarged, against artifacts along its old pixel grid.",
    )
    ema_decay: float = Field(
        0.0, ge=0, lt=1, description="Decay of the exponential moving average of the image; 0 for none."
    )
    views: int = Field(
        1,
        ge=1,
        le=64,
        description="Number of shifted, mirrored and transposed views of the image, used in turn.",
    )
    clamp: bool = Field(True, description="Clip pixels to [0, 1] after every step.")

    tile: Tile | None = Field(
        None,
        description="Side in pixels of the tiles in which larger pictures are painted, exactly as in one piece; by "
        "default chosen where memory needs it.",
    )
    device: str = Field("auto", description="Device: auto, cpu, cuda, cuda:1 or mps.")
    precision: Precision = Field("auto", description="Number format of the encoder.")

    @property
    def side(self) -> int:
        """The longer side of the output in pixels; `sized` turns every other size into pixels first."""
        if isinstance(self.size, int):
            return self.size
        return DEFAULT_SIDE if self.box is None else max(self.box)

    @property
    def box(self) -> tuple[int, int] | None:
        """Height and width of the output, where the content image is cropped to another shape."""
        return box_of(self.size)
