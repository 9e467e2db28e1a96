"""Finished cells on the disk: one folder each, named by everything that decides the cell, checked when read."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from impasto.imaging import write_picture, write_text_atomic
from impasto.lab.paint import Painted
from impasto.lab.pictures import Pictures
from impasto.lab.row import CARD, PICTURE, TRACE, Row
from impasto.lab.study import Cell
from impasto.optimize.recipe import Recipe

# To be raised when the same recipe gives another picture, or a measure another value.
VERSION = 1


def cell_name(
    cell: Cell, recipe: Recipe, pictures: Pictures, measures: Sequence[str], networks: Sequence[str]
) -> str:
    """Return the name of a cell's folder: a digest of its coordinates, recipe, pictures, measures and networks.

    ``networks`` are the fingerprints of the encoder and the judge; where their files lie does not matter.
    """
    fields = {name: value for name, value in recipe.to_json().items() if name != "weights"}
    content, *styles = pictures.digests
    parts = {
        "version": VERSION,
        "key": dict(cell.key),
        "recipe": fields,
        "content": content if cell.content else None,
        "styles": [styles[index] for index in cell.styles],
        "measures": list(measures),
        "networks": list(networks),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:20]


def read_cell(folder: Path) -> Row | None:
    """Return the row of a finished cell; None if it is not there, not finished or damaged."""
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        whole = all(_digest(folder / name) == card["files"][name] for name in (PICTURE, TRACE))
        if not whole or card["cell"] != folder.name:
            return None
        values = {str(name): _number(value) for name, value in card["values"].items()}
        return Row(dict(card["key"]), values, dict(card["recipe"]), folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_cell(folder: Path, cell: Cell, recipe: Recipe, painted: Painted, values: dict[str, float]) -> Row:
    """Write a finished cell and return its row; the card comes last and makes it count. Raises `OutputError`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_picture(folder / PICTURE, painted.result.pixels, recipe={"recipe": recipe.to_json()})
    write_text_atomic(folder / TRACE, _lines(painted.trace))
    card: dict[str, Any] = {
        "cell": folder.name,
        "key": dict(cell.key),
        "values": {name: value if math.isfinite(value) else None for name, value in values.items()},
        "recipe": recipe.to_json(),
        "files": {name: _digest(folder / name) for name in (PICTURE, TRACE)},
    }
    write_text_atomic(folder / CARD, json.dumps(card, indent=1) + "\n")
    return Row(dict(cell.key), values, card["recipe"], folder)


def _lines(trace: Sequence[dict[str, float]]) -> str:
    names = list(dict.fromkeys(name for line in trace for name in line))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: f"{value:.7g}" for name, value in line.items()} for line in trace)
    return text.getvalue()


def _number(value: object) -> float:
    return math.nan if value is None else float(value)  # type: ignore[arg-type]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
