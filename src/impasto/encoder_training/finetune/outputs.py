"""The files of one fine-tuning, all beside each other under one name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from impasto.errors import OutputError
from impasto.imaging import check_place


@dataclass(frozen=True)
class FinetuneOutputs:
    """Where everything goes, from the name of the `.safetensors` file; nothing that exists is overwritten."""

    model: Path

    def beside(self, ending: str) -> Path:
        """Return the file beside the model: ``birds.safetensors`` -> ``birds`` + `ending`."""
        return self.model.with_name(self.model.name[: -len(self.model.suffix)] + ending)

    @property
    def card(self) -> Path:
        """The model card."""
        return self.beside(".md")

    @property
    def curves(self) -> tuple[Path, Path]:
        """The learning curves as CSV and as plot."""
        return self.beside(".curves.csv"), self.beside(".curves.png")

    @property
    def confusion(self) -> tuple[Path, Path]:
        """The confusion matrix as CSV and as plot."""
        return self.beside(".confusion.csv"), self.beside(".confusion.png")

    @property
    def checkpoint(self) -> Path:
        """The state of the run while it is under way."""
        return self.model.with_name(f"{self.model.name}.checkpoint")

    @property
    def all(self) -> list[Path]:
        """Every file."""
        return [self.model, self.card, *self.curves, *self.confusion, self.checkpoint]

    def check(self, *, own: bool = False) -> None:
        """Raise OutputError unless everything can be written now; `own` files of this very run may exist."""
        if self.model.suffix.lower() != ".safetensors":
            raise OutputError(
                f"A fine-tuned encoder is written as .safetensors, not '{self.model.name}'; give --out another suffix."
            )
        for path in self.all:
            check_place(path)
            if not own and os.path.lexists(path):
                raise OutputError(
                    f"'{path}' exists already and is kept; remove it or give --out another name."
                )


def free_outputs(model: Path) -> FinetuneOutputs:
    """Return outputs for ``model``, or the first of ``model-2``, ``model-3``, ... of which no file exists."""
    found, number = FinetuneOutputs(model), 1
    while any(os.path.lexists(path) for path in found.all):
        number += 1
        found = FinetuneOutputs(model.with_name(f"{model.stem}-{number}{model.suffix}"))
    return found
