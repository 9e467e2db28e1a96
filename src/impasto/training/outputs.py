"""The files of one training, all beside each other under one name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from impasto.errors import OutputError
from impasto.imaging import check_place


@dataclass(frozen=True)
class Outputs:
    """Where everything goes, from the name of the `.safetensors` file."""

    model: Path

    def beside(self, ending: str) -> Path:
        """Return the file beside the model: ``night.safetensors`` -> ``night`` + `ending`."""
        return self.model.with_name(self.model.stem + ending)

    @property
    def page(self) -> Path:
        """The model card."""
        return self.beside(".md")

    @property
    def curve(self) -> Path:
        """The losses by step."""
        return self.beside(".curve.png")

    @property
    def preview(self) -> Path:
        """A photograph held out, as it is painted now."""
        return self.beside(".preview.png")

    @property
    def checkpoint(self) -> Path:
        """The state of the run while it is under way."""
        return self.model.with_name(f"{self.model.name}.checkpoint")

    @property
    def rejected(self) -> Path:
        """A network that did not pass its checks, to look at."""
        return self.model.with_name(f"{self.model.name}.rejected")

    def check(self) -> None:
        """Raise OutputError unless everything can be written now."""
        if self.model.suffix.lower() != ".safetensors":
            raise OutputError(
                f"Networks are written as .safetensors, not '{self.model.suffix}'; give --out another suffix."
            )
        for path in (self.model, self.page, self.curve, self.preview, self.checkpoint, self.rejected):
            check_place(path)
