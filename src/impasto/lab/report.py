"""Output files of a study: figure.png and .svg, contact-sheet.png, data.csv and .json, report.md."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from impasto.imaging import Picture, to_image, write_text_atomic
from impasto.lab.contact_sheet import contact_sheet
from impasto.lab.figure import save
from impasto.lab.row import FigureData, Row, number
from impasto.lab.run import StudyResult


def write_report(result: StudyResult) -> Path:
    """Write figure, contact sheet, data and report into the study's folder; return the report's path.

    If no cell has a result there is no figure, and the report lists what is missing. Raises `OutputError`, and
    `MissingExtraError` without matplotlib.
    """
    folder = result.folder
    folder.mkdir(parents=True, exist_ok=True)
    finished = [row for row in result.rows if not row.missing]
    sheet = contact_sheet(finished) if result.study.contact_sheet else None
    if finished:
        save(result.study.figure(figure_data(result)), folder / "figure")
    if sheet is not None:
        save(sheet, folder / "contact-sheet", kinds=("png",))
    write_text_atomic(folder / "data.csv", data_csv(result.rows))
    write_text_atomic(folder / "data.json", json.dumps(data_json(result), indent=1) + "\n")
    return write_text_atomic(folder / "report.md", markdown(result, finished, sheet is not None))


def figure_data(result: StudyResult) -> FigureData:
    """Return the input of the study's figure."""
    pictures = result.laboratory.pictures
    styles = [_array(style) for style in pictures.styles]
    return FigureData(result.rows, _array(pictures.content), styles, result.laboratory.setting)


def data_csv(rows: Sequence[Row]) -> str:
    """Return the rows as CSV: coordinates, values, and the reason if a row is missing."""
    keys, values = _names(rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*keys, *values, "missing"])
    for row in rows:
        writer.writerow([*(row.key.get(k, "") for k in keys), *(_plain(row[v]) for v in values), row.missing])
    return text.getvalue()


def data_json(result: StudyResult) -> dict[str, Any]:
    """Return the study as JSON values, with the complete recipe and the folder of every cell."""
    study, laboratory = result.study, result.laboratory
    return {
        "study": study.name,
        "source": study.source,
        "encoder": laboratory.setting.encoder,
        "judge": laboratory.judge.name,
        "size": laboratory.setting.size,
        "quick": laboratory.setting.quick,
        "pictures": list(laboratory.pictures.names),
        "conditions": list(result.conditions),
        "rows": [
            {
                "key": dict(row.key),
                "values": {name: None if math.isnan(value) else value for name, value in row.values.items()},
                "recipe": dict(row.recipe),
                "folder": None if row.folder is None else f"cells/{row.folder.name}",
                "missing": row.missing,
            }
            for row in result.rows
        ],
    }


def markdown(result: StudyResult, finished: Sequence[Row], sheet: bool) -> str:
    """Return the report: question, the source's answer, conditions, findings, figure, table and contact sheet."""
    study, laboratory = result.study, result.laboratory
    quick = ["Quick run: fewer steps, smaller or fewer pictures."] if laboratory.setting.quick else []
    lines = [f"# {study.title}", "", study.question, ""]
    lines += ["## What the source says", "", study.claim, "", f"Source: {study.source}.", ""]
    if study.differs:
        lines += ["## What differs here", "", study.differs, ""]
    lines += ["## What was measured", "", " ".join([*result.conditions, *quick]), ""]
    if finished:
        lines += [f"* {note}" for note in study.notes(finished)]
        lines += ["", f"![{study.title}](figure.png)", "", *_table(result, finished)]
    if sheet:
        lines += ["", "## Contact sheet", "", "![Every picture at its own size](contact-sheet.png)"]
    missing = [row for row in result.rows if row.missing]
    if missing:
        lines += ["", "## Missing", "", *(f"* {row.label}: {row.missing}" for row in missing)]
    lines += ["", "All values and recipes are in [data.csv](data.csv) and [data.json](data.json)."]
    return "\n".join(lines) + "\n"


def _table(result: StudyResult, rows: Sequence[Row]) -> list[str]:
    keys, values = _names(rows)
    shown = [name for name in (result.study.columns or values) if name in values]
    names = [*keys, *shown]
    body = [
        [number(row[name]) if name in row.values or name in row.key else "" for name in names] for row in rows
    ]
    head = [names, ["---"] * len(names)]
    return [f"| {' | '.join(line)} |" for line in (*head, *body)]


def _names(rows: Sequence[Row]) -> tuple[list[str], list[str]]:
    keys = dict.fromkeys(name for row in rows for name in row.key)
    return list(keys), list(dict.fromkeys(name for row in rows for name in row.values))


def _plain(value: float) -> float | str:
    return "" if isinstance(value, float) and math.isnan(value) else value


def _array(picture: Picture) -> Any:
    import numpy

    pixels: torch.Tensor = picture.pixels
    return numpy.asarray(to_image(pixels, None).convert("RGB"))
