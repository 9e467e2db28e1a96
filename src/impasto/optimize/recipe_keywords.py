"""Keywords of `impasto.stylize`: the fields of a recipe with their types, for editors and type checkers.

A test compares the names with the fields of `Recipe`. Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

from impasto.imaging.size_settings import Framing
from impasto.optimize.recipe_fields import Blend, ColorMethod, ColorSpace, Precision, Quality, Share


class RecipeKeywords(TypedDict, total=False):
    """The fields of `Recipe` without its preset, as they may be given: texts of the command line are parsed."""

    encoder: str
    fine_encoder: str | None
    weights: str | None
    pooling: Literal["max", "average", "l2"] | None
    rescale_pooling: bool | None
    padding: Literal["replicate", "zeros"] | None
    size: int | str | None
    framing: Framing
    dpi: float | None
    canvas: str | None
    aspect: float | str | None
    quality: Quality
    strength: float
    hold: bool
    stroke: float
    seed: int
    content_layers: Mapping[str, float] | str
    content_loss: str
    content_weight: float
    style_layers: Mapping[str, float] | str
    style_loss: str
    gram: str
    style_weight: float
    variation_weight: float
    variation: str
    value_range_weight: float
    mix: float | Sequence[float] | None
    balance: bool
    sigmas: Sequence[float] | None
    blend: Blend
    share: Share
    colors: float | str
    color_method: ColorMethod
    color_space: ColorSpace | None
    seamless: bool
    start: Literal["content", "fast", "noise", "style", "picture"]
    start_picture: str | None
    scales: Sequence[tuple[int, int]] | str | None
    smallest: int
    scale_ratio: float
    scale_steps: Sequence[int]
    first_steps: int | None
    base: int | None
    fine_steps: Sequence[int]
    anchor: float
    layout: float
    steps: int | None
    optimizer: str
    learning_rate: float
    pixel_units: Literal["unit", "byte", "normalised"]
    betas: tuple[float, float]
    smooth_steps: bool
    decay: float
    decay_every: int | Sequence[int]
    staircase: bool
    final_learning_rate_factor: float
    carry: bool
    soften: bool
    ema_decay: float
    views: int
    clamp: bool
    tile: int | None
    device: str
    precision: Precision
