"""Rows of a batch's report, as CSV or JSON lines. Importing this module does not import torch."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from impasto.batch.items import BatchItem
from impasto.batch.places import name_of, write_bytes
from impasto.errors import RecipeError

# painted: now. finished: it was there already. changed: another picture has its name. failed: see `error`.
# left: the batch ended before it.
STATES = ("painted", "finished", "changed", "failed", "left")


@dataclass(frozen=True)
class BatchRow:
    """The outcome of one item; ``state`` is one of `STATES`, ``error_kind`` the class of the error."""

    id: str
    state: str
    content: str
    styles: tuple[str, ...]
    out: str
    seconds: float = 0.0
    width: int | None = None
    height: int | None = None
    error_kind: str | None = None
    error: str | None = None
    worker: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON values, without what is not known."""
        values = {**asdict(self), "styles": list(self.styles), "seconds": round(self.seconds, 3)}
        return {name: value for name, value in values.items() if value is not None}


class BatchReport:
    """The rows of a batch in the order of its items, each once."""

    def __init__(self, items: Sequence[BatchItem], outs: Sequence[str]) -> None:
        self.items = list(items)
        self._rows = {
            item.id: BatchRow(item.id, "left", item.content, item.styles, out)
            for item, out in zip(items, outs, strict=True)
        }

    def add(self, row: BatchRow) -> None:
        """Take the outcome of an item."""
        self._rows[row.id] = row

    def extend(self, items: Sequence[BatchItem], outs: Sequence[str]) -> None:
        """Take further items, such as new pictures of a watched folder."""
        for item, out in zip(items, outs, strict=True):
            self.items.append(item)
            self._rows[item.id] = BatchRow(item.id, "left", item.content, item.styles, out)

    @property
    def rows(self) -> list[BatchRow]:
        """One row for every item."""
        return [self._rows[item.id] for item in self.items]

    def count(self, *states: str) -> int:
        """Return the number of rows in these states."""
        counts = Counter(row.state for row in self._rows.values())
        return sum(counts[state] for state in states)

    def to_json(self) -> dict[str, Any]:
        """Return the counts and all rows as JSON values."""
        counts = {state: self.count(state) for state in STATES}
        return {**counts, "pictures": [row.to_json() for row in self.rows]}


def check_report(place: str) -> Callable[[Iterable[BatchRow]], str]:
    """Return the function that formats a report; raises `RecipeError` for a suffix other than .csv and .jsonl."""
    format_rows = {".csv": _csv, ".jsonl": _json_lines}.get(Path(name_of(place)).suffix.lower())
    if format_rows is None:
        raise RecipeError(f"A report is a .csv or .jsonl file, not '{name_of(place)}'; give another suffix.")
    return format_rows


def write_report(place: str, rows: Iterable[BatchRow]) -> None:
    """Write the rows to a file or URL in one step, by its suffix; raises `RecipeError` and `OutputError`."""
    # Names of files need not be UTF-8: Python holds the other bytes as surrogates, whose escapes JSON reads back.
    write_bytes(place, check_report(place)(rows).encode("utf-8", "backslashreplace"))


def _json_lines(rows: Iterable[BatchRow]) -> str:
    return "".join(json.dumps(row.to_json(), ensure_ascii=False) + "\n" for row in rows)


def _csv(rows: Iterable[BatchRow]) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, [field.name for field in fields(BatchRow)], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({**row.to_json(), "styles": ";".join(row.styles)})
    return buffer.getvalue()
