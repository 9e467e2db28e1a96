"""The files of a training of a one-pass network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from impasto.training.outputs import TrainingOutputs


@dataclass(frozen=True)
class OnePassOutputs(TrainingOutputs):
    """The network with its learning curve and preview."""

    endings: ClassVar[tuple[str, ...]] = (".curve.csv", ".curve.png", ".preview.png")

    @property
    def curve(self) -> tuple[Path, Path]:
        """The losses by step: as CSV and as a picture."""
        return self.beside(".curve.csv"), self.beside(".curve.png")

    @property
    def preview(self) -> Path:
        """Held-out photographs as the network paints them now."""
        return self.beside(".preview.png")


@dataclass(frozen=True)
class StyleOutputs(OnePassOutputs):
    """The files of a training for given styles: also a card, and a network that its checks rejected."""

    endings: ClassVar[tuple[str, ...]] = (*OnePassOutputs.endings, ".md")

    @property
    def card(self) -> Path:
        """The model card."""
        return self.beside(".md")

    @property
    def rejected(self) -> Path:
        """A network that did not pass its checks."""
        return self.model.with_name(f"{self.model.name}.rejected")

    @property
    def all(self) -> list[Path]:
        """Every file."""
        return [*super().all, self.rejected]
