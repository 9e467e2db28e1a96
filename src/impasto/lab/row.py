"""What a study finds: a row a cell, with its picture and its course on the disk."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.lab.study import Setting

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Pixels = NDArray[numpy.uint8]


@dataclass(frozen=True)
class Row:
    """One cell's coordinates and measured values; ``missing`` says why it has none.

    ``row[name]`` is a coordinate or a value, NaN where there is none.
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
        """The coordinates in words."""
        return ", ".join(f"{name} {number(value)}" for name, value in self.key.items())

    def picture(self) -> Pixels | None:
        """Return the cell's picture (H, W, 3), None if it is missing."""
        if self.folder is None:
            return None
        import numpy
        from PIL import Image

        with Image.open(self.folder / PICTURE) as image:
            return numpy.asarray(image.convert("RGB"))

    def trace(self) -> list[dict[str, float]]:
        """Return the course of the run.

        Painted, a line a step: ``step``, ``scale``, ``seconds``, ``passes`` (of the encoder so far), ``loss`` and its
        weighted terms. Trained, a line an epoch: ``epoch``, ``seconds``, ``rate``, losses and accuracies.
        """
        if self.folder is None:
            return []
        with (self.folder / TRACE).open(encoding="utf-8", newline="") as file:
            return [
                {name: float(value) for name, value in line.items() if value} for line in csv.DictReader(file)
            ]

    def course(self, x: str, y: str) -> tuple[list[float], list[float]]:
        """Return two columns of the course, for a chart."""
        trace = self.trace()
        return [line[x] for line in trace], [line[y] for line in trace]

    def caption(self, *names: str) -> str:
        """Return these values in words, with two decimals; empty if the cell is missing."""
        return "" if self.missing else ", ".join(f"{name} {self[name]:.2f}" for name in names)


PICTURE, TRACE, CARD = "picture.png", "trace.csv", "cell.json"


@dataclass(frozen=True)
class FigureData:
    """What a figure is drawn from: the rows, and the pictures (H, W, 3) that they were painted from."""

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

    def along(self, name: str) -> list[Any]:
        """Return the values that a coordinate takes, in the order of the rows."""
        return list(dict.fromkeys(row.key[name] for row in self.rows if name in row.key))

    @property
    def painted(self) -> list[Row]:
        """The rows that are not missing."""
        return [row for row in self.rows if not row.missing]


def grouped(rows: Sequence[Row], name: str) -> dict[Any, list[Row]]:
    """Return the rows by the value of a coordinate, both in their order."""
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(row.key[name], []).append(row)
    return found


def number(value: str | int | float) -> str:
    """Return a value for people: words as they are, numbers with four digits."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)
