"""What every frozen set of settings has in common: made from names and values, refused in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from impasto.errors import RecipeError, unknown


class FrozenSettings(BaseModel):
    """A frozen value whose fields are the settings; what a person gives goes through `make`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def make(cls, fields: Mapping[str, Any]) -> Self:
        """Return validated settings; raises `RecipeError` with one sentence for the first bad field."""
        for name in fields:
            if name not in cls.model_fields:
                raise RecipeError(unknown("setting", name, cls.model_fields))
        try:
            return cls(**fields)
        except ValidationError as error:
            raise RecipeError(_sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "[key]")
    message = str(first["msg"]).removeprefix("Value error, ")
    if not where:
        return f"The settings do not fit together: {message}."
    return f"{where} is {first['input']!r}: {message[0].lower()}{message[1:]}."
