"""Settings of one image painted in one pass; importing this module does not import torch."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from impasto.settings import FrozenSettings

Weight = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class OnePassSettings(FrozenSettings):
    """Everything that decides a one-pass image apart from the network and the images.

    A network may know only some of ``strength``, ``stroke`` and ``mix``; `Stylizer` enforces its ranges. Raises
    `RecipeError` through `OnePassSettings.make` for unknown names and impossible values.
    """

    strength: float | None = Field(
        default=None,
        ge=0,
        allow_inf_nan=False,
        description="0 keeps the content image, up to 2 for more style; None: the network's default.",
    )
    stroke: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Size of the brush marks, a ratio to the trained size: below 1 finer, above 1 broader; None is 1.",
    )
    mix: tuple[Weight, ...] | None = Field(
        default=None, description="Weights of several styles; equal ones if not given."
    )
    colors: float = Field(
        default=0.0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Whose colours: style (0), content (1), or a number between.",
    )
    size: int | None = Field(
        default=None,
        ge=1,
        le=32768,
        description="Longest side in pixels; larger content images are shrunk.",
    )
