"""Base class of frozen, validated settings, and settings whose values come from a registry."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from impasto.errors import RecipeError, unknown


class FrozenSettings(BaseModel):
    """Frozen settings; `make` validates values from outside."""

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


@dataclass(frozen=True)
class OneOf:
    """Annotation of a text setting: it must be one of ``names``, which may grow (a registry).

    The names are read at every validation and for every JSON schema.
    """

    names: Collection[str]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "enum": list(self.names)}

    def _check(self, value: str) -> str:
        if value not in self.names:
            *others, last = (f"'{name}'" for name in self.names)
            raise ValueError(
                f"Input should be {', '.join(others)} or {last}" if others else f"Input should be {last}"
            )
        return value


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    # pydantic adds "[key]" for the keys of a mapping, and the type that it tried for a field of several types.
    where = ".".join(str(part) for part in first["loc"] if part not in ("[key]", "int", "str", "float"))
    message = str(first["msg"]).removeprefix("Value error, ")
    if not where:
        return f"The settings do not fit together: {message}."
    return f"{where} is {first['input']!r}: {message[0].lower()}{message[1:]}."
