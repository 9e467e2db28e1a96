"""Rows of a study's result, one per cell, and the data of its figure."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.lab.setting import Setting

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Pixels = NDArray[numpy.uint8]

PICTURE, TRACE, CARD = "picture.png", "trace.csv", "cell.json"


@dataclass(frozen=True)
class Row:
    """Coordinates and measured values of one cell; ``missing`` is the reason if the cell has no result.

    ``row[name]`` is a coordinate or a value; NaN if there is neither.
    """

    key: Mapping[str, str | int | float]
    values: Mapping[str, float] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    missing: str = ""

    def __getitem__(self, name: str) -> Any:
        return self.key[name] if name in self.key else self.values.get(name, float("nan"))

    @property
    def label(self) -> str:
        """The coordinates as text, such as "layer relu1_1, gamma 0.5"."""
        return ", ".join(f"{name} {number(value)}" for name, value in self.key.items())

    def picture(self) -> Pixels | None:
        """Return the cell's picture (H, W, 3); None if the cell is missing."""
        if self.folder is None:
            return None
        import numpy
        from PIL import Image

        with Image.open(self.folder / PICTURE) as image:
            return numpy.asarray(image.convert("RGB"))

    def trace(self) -> list[dict[str, float]]:
        """Return the values of every step or epoch; empty if the cell is missing.

        A painted cell has one entry per step: ``step``, ``scale``, ``seconds``, ``passes`` (encoder passes so far),
        ``loss`` and its weighted terms. A trained cell has one entry per epoch: ``epoch``, ``seconds``, ``rate``,
        losses and accuracies.
        """
        if self.folder is None:
            return []
        with (self.folder / TRACE).open(encoding="utf-8", newline="") as file:
            return [
                {name: float(value) for name, value in line.items() if value} for line in csv.DictReader(file)
            ]

    def curve(self, x: str, y: str) -> tuple[list[float], list[float]]:
        """Return two columns of the trace for a chart."""
        trace = self.trace()
        return [line[x] for line in trace], [line[y] for line in trace]

    def caption(self, *names: str) -> str:
        """Return these values as text with two decimals; empty if the cell is missing."""
        return "" if self.missing else ", ".join(f"{name} {self[name]:.2f}" for name in names)


@dataclass(frozen=True)
class FigureData:
    """Input of a study's figure: the rows, and the content and style images (H, W, 3)."""

    rows: Sequence[Row]
    content: Pixels
    styles: Sequence[Pixels]
    setting: Setting

    def find(self, **key: str | int | float) -> Row:
        """Return the first row with these coordinates; raises `KeyError` if there is none."""
        for row in self.rows:
            if all(row.key.get(name) == value for name, value in key.items()):
                return row
        raise KeyError(key)

    def coordinates(self, name: str) -> list[Any]:
        """Return the distinct values of a coordinate, in the order of the rows."""
        return list(dict.fromkeys(row.key[name] for row in self.rows if name in row.key))

    @property
    def finished(self) -> list[Row]:
        """The rows that have a result."""
        return [row for row in self.rows if not row.missing]


def grouped(rows: Sequence[Row], name: str) -> dict[Any, list[Row]]:
    """Return the rows grouped by a coordinate; groups and rows keep their order."""
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.key[name], []).append(row)
    return groups


def number(value: str | int | float) -> str:
    """Format a value for a report: floats with four significant digits, anything else unchanged."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)
