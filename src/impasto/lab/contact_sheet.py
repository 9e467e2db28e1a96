"""Contact sheet of a study: every painted picture at its own size, with its coordinates."""

from __future__ import annotations

from collections.abc import Sequence

from impasto.lab.figure import DPI, WIDTH, Figure, Panel, draw
from impasto.lab.row import Row, number

ACROSS = 6


def contact_sheet(rows: Sequence[Row]) -> Figure | None:
    """Return a figure of the pictures of ``rows`` at their own size; None for fewer than two pictures.

    Rows with two coordinates become a grid of the first against the second if they fill more than half of it.
    Otherwise the pictures follow one another, `ACROSS` in a line. Raises `MissingExtraError`.
    """
    pictures = [picture for row in rows if (picture := row.picture()) is not None]
    if len(pictures) < 2:
        return None
    width = max(WIDTH, max(picture.shape[1] for picture in pictures) / DPI)
    return _grid(rows, width) or _lines(rows, width)


def _grid(rows: Sequence[Row], width: float) -> Figure | None:
    """Return the first coordinate against the second; None if the rows do not form a grid."""
    names = list(dict.fromkeys(name for row in rows for name in row.key))
    if len(names) != 2 or any(len(row.key) != 2 for row in rows):
        return None
    down, across = (list(dict.fromkeys(row.key[name] for row in rows)) for name in names)
    if 2 * len(rows) <= len(down) * len(across):
        return None
    panels = {(row.key[names[0]], row.key[names[1]]): Panel(row.picture()) for row in rows}
    return draw(
        [[panels.get((one, other)) for other in across] for one in down],
        columns=[f"{names[1]} {number(value)}" for value in across],
        labels=[number(value) for value in down],
        width=width,
    )


def _lines(rows: Sequence[Row], width: float) -> Figure:
    panels = [Panel(row.picture(), row.label) for row in rows]
    return draw([panels[start : start + ACROSS] for start in range(0, len(panels), ACROSS)], width=width)
