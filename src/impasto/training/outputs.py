"""The files of one training, beside each other under one name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from impasto.errors import OutputError
from impasto.imaging import check_place


@dataclass(frozen=True)
class TrainingOutputs:
    """Paths derived from the name of the `.safetensors` file. Subclasses add files by listing their `endings`."""

    model: Path
    endings: ClassVar[tuple[str, ...]] = ()

    def beside(self, ending: str) -> Path:
        """Return the file beside the model: ``night.safetensors`` -> ``night`` + `ending`."""
        return self.model.with_name(self.model.stem + ending)

    @property
    def checkpoint(self) -> Path:
        """The state of the run while it is under way."""
        return self.model.with_name(f"{self.model.name}.checkpoint")

    @property
    def all(self) -> list[Path]:
        """Every file."""
        return [self.model, *(self.beside(ending) for ending in self.endings), self.checkpoint]

    def check(self, *, overwrite: bool = True) -> None:
        """Raise OutputError unless every file can be written now; without `overwrite` none of them may exist."""
        if self.model.suffix.lower() != ".safetensors":
            raise OutputError(
                f"Weights are written as .safetensors, not '{self.model.suffix}'; give --out another suffix."
            )
        for path in self.all:
            check_place(path)
            if not overwrite and os.path.lexists(path):
                raise OutputError(f"'{path}' already exists; remove it or give --out another name.")

    def numbered(self) -> Self:
        """Return these outputs, or the first of ``model-2``, ``model-3``, ... of which no file exists."""
        outputs, number = self, 1
        while any(os.path.lexists(path) for path in outputs.all):
            number += 1
            outputs = type(self)(self.model.with_name(f"{self.model.stem}-{number}{self.model.suffix}"))
        return outputs
