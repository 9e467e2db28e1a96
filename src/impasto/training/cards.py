"""Parts of model cards that every training writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def table_row(cells: Iterable[object]) -> str:
    """Return one row of a Markdown table; line breaks become spaces and vertical bars are escaped."""
    return "| " + " | ".join(" ".join(str(cell).split()).replace("|", "\\|") for cell in cells) + " |"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a Markdown table."""
    return [table_row(header), "|" + "---|" * len(header), *(table_row(row) for row in rows)]


def settings_block(settings: Mapping[str, Any]) -> list[str]:
    """Return the lines of a section with every setting as JSON."""
    return ["Settings:", "", "```json", json.dumps(settings, indent=2), "```", ""]
