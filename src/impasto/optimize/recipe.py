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

    The loss is ``alpha sum_l w_l content_l + beta sum_l v_l style_l + gamma TV`` with ``alpha`` = ``content_weight``,
    ``beta`` = ``style_weight``, ``gamma`` = ``variation_weight``, ``w`` = ``content_layers`` and ``v`` =
    ``style_layers`` (Gatys et al. 2016, section 2). `Recipe.make` raises `RecipeError` for unknown names and
    impossible values.
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

    @field_validator("mix", mode="before")
    @classmethod
    def _single_weight(cls, value: object) -> object:
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
