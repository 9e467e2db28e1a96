"""The files of a training for given styles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from impasto.training.outputs import TrainingOutputs


@dataclass(frozen=True)
class StyleOutputs(TrainingOutputs):
    """The network with its card, learning curve and preview, and a network that its checks rejected."""

    endings: ClassVar[tuple[str, ...]] = (".md", ".curve.png", ".preview.png")

    @property
    def card(self) -> Path:
        """The model card."""
        return self.beside(".md")

    @property
    def curve(self) -> Path:
        """The losses by step."""
        return self.beside(".curve.png")

    @property
    def preview(self) -> Path:
        """A held-out photograph as the network paints it now."""
        return self.beside(".preview.png")

    @property
    def rejected(self) -> Path:
        """A network that did not pass its checks."""
        return self.model.with_name(f"{self.model.name}.rejected")

    @property
    def all(self) -> list[Path]:
        """Every file."""
        return [*super().all, self.rejected]
