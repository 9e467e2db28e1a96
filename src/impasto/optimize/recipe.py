"""Recipe: the validated settings of a run.

Importing this module does not import torch.
"""

from __future__ import annotations

import json
from typing import Self

from pydantic import field_validator, model_validator

from impasto.optimize.conflicts import conflict
from impasto.optimize.parsing import parse_aspect, parse_colors, parse_layers, parse_scales
from impasto.optimize.recipe_fields import RecipeFields


class Recipe(RecipeFields):
    """Everything that decides how an image is painted, apart from the input images.

    The loss of one step is
    ``g alpha sum_l w_l C_l + beta sum_i m_i s_i sum_l v_l S_il + tau TV + rho R + a |x - x_base|^2 + u |y - y_0|^2``,
    after Gatys et al. 2016, section 2, with the content loss ``C_l`` and the loss ``S_il`` of style i at layer l, the
    total variation ``TV`` of the image x, the mean squared distance ``R`` of its pixels from [0, 1], and its mean
    squared difference from the image of the base size, above that size only. ``y`` and ``y_0`` are the image and the
    initial image at 1/16 of the size. The factors are ``alpha`` = ``content_weight``, ``w`` = ``content_layers``,
    ``beta`` = ``style_weight``, ``m`` = ``mix``, ``s`` = ``sigmas``, ``v`` = ``style_layers``, ``tau`` =
    ``variation_weight``, ``rho`` = ``value_range_weight``, ``a`` = ``anchor``, ``u`` = ``layout``, and the gain ``g``
    that ``strength`` and ``hold`` set (`RunState.content_gain`). `Recipe.make` raises `RecipeError` for unknown names
    and impossible values.
    """

    @field_validator("content_layers", "style_layers", mode="before")
    @classmethod
    def _parse_layers(cls, value: object) -> object:
        return parse_layers(value) if isinstance(value, str) else value

    @field_validator("scales", mode="before")
    @classmethod
    def _parse_scales(cls, value: object) -> object:
        return parse_scales(value) if isinstance(value, str) else value

    @field_validator("colors", mode="before")
    @classmethod
    def _parse_colors(cls, value: object) -> object:
        return parse_colors(value) if isinstance(value, str) else value

    @field_validator("mix", "decay_every", mode="before")
    @classmethod
    def _single_number(cls, value: object) -> object:
        return (value,) if isinstance(value, int | float) else value

    @field_validator("aspect", mode="before")
    @classmethod
    def _parse_aspect(cls, value: object) -> object:
        return parse_aspect(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_conflicts(self) -> Self:
        reason = conflict(self)
        if reason:
            raise ValueError(reason)
        return self

    def to_json(self) -> dict[str, object]:
        """Return the recipe as plain JSON values; `Recipe.make` takes them back unchanged."""
        return dict(json.loads(self.model_dump_json()))
