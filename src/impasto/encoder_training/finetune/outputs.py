"""The files of one fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from impasto.training.outputs import TrainingOutputs


@dataclass(frozen=True)
class FinetuneOutputs(TrainingOutputs):
    """The model with its card, learning curves and confusion matrix; a run overwrites no file of another one."""

    endings: ClassVar[tuple[str, ...]] = (
        ".md",
        ".curves.csv",
        ".curves.png",
        ".confusion.csv",
        ".confusion.png",
    )

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
