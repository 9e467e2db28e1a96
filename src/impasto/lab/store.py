"""Finished cells on disk: one folder per cell, named by the digest of its identity, verified when read."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from impasto.hashing import bytes_sha256, file_sha256
from impasto.imaging import write_picture, write_text_atomic
from impasto.lab.row import CARD, PICTURE, TRACE, Row
from impasto.lab.work import CellResult


def cell_name(identity: Mapping[str, Any]) -> str:
    """Return the name of a cell's folder: the first 20 hex digits of the SHA-256 of its identity."""
    return bytes_sha256(json.dumps(identity, sort_keys=True).encode())[:20]


def read_cell(folder: Path) -> Row | None:
    """Return the row of a finished cell; None if it is missing, unfinished or damaged."""
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        intact = all(file_sha256(folder / name) == card["files"][name] for name in (PICTURE, TRACE))
        if not intact or card["cell"] != folder.name:
            return None
        values = {str(name): _number(value) for name, value in card["values"].items()}
        return Row(dict(card["key"]), values, dict(card["recipe"]), folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_cell(
    folder: Path, key: Mapping[str, str | int | float], recipe: Mapping[str, Any], result: CellResult
) -> Row:
    """Write a finished cell and return its row. The card is written last: it marks the cell as finished.

    Raises `OutputError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_picture(folder / PICTURE, result.picture, provenance={"recipe": dict(recipe)})
    write_text_atomic(folder / TRACE, _trace_csv(result.trace))
    card: dict[str, Any] = {
        "cell": folder.name,
        "key": dict(key),
        "values": {name: value if math.isfinite(value) else None for name, value in result.values.items()},
        "recipe": dict(recipe),
        "files": {name: file_sha256(folder / name) for name in (PICTURE, TRACE)},
    }
    write_text_atomic(folder / CARD, json.dumps(card, indent=1) + "\n")
    return Row(dict(key), result.values, card["recipe"], folder)


def _trace_csv(trace: Sequence[dict[str, float]]) -> str:
    names = list(dict.fromkeys(name for line in trace for name in line))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: f"{value:.7g}" for name, value in line.items()} for line in trace)
    return text.getvalue()


def _number(value: object) -> float:
    return math.nan if value is None else float(value)  # type: ignore[arg-type]
