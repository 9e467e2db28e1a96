"""What a study leaves behind: figure.png and .svg, data.csv and .json, report.md."""

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
from impasto.lab.figure import save
from impasto.lab.row import FigureData, Row, number
from impasto.lab.run import StudyResult


def write_report(finding: StudyResult) -> Path:
    """Draw the figure, write data and report into the study's folder; return the report's path.

    Without a single painted cell there is no figure, and the report says what is missing. Raises `OutputError`,
    and `MissingExtraError` without matplotlib.
    """
    folder = finding.folder
    folder.mkdir(parents=True, exist_ok=True)
    painted = [row for row in finding.rows if not row.missing]
    if painted:
        save(finding.study.figure(view_of(finding)), folder / "figure")
    write_text_atomic(folder / "data.csv", data_csv(finding.rows))
    write_text_atomic(folder / "data.json", json.dumps(data_json(finding), indent=1) + "\n")
    return write_text_atomic(folder / "report.md", markdown(finding, painted))


def view_of(finding: StudyResult) -> FigureData:
    """Return what the study's figure is drawn from."""
    pictures = finding.laboratory.pictures
    styles = [_array(style) for style in pictures.styles]
    return FigureData(finding.rows, _array(pictures.content), styles, finding.laboratory.setting)


def data_csv(rows: Sequence[Row]) -> str:
    """Return the rows as CSV: coordinates, values, and why a row is missing."""
    keys, values = _names(rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*keys, *values, "missing"])
    for row in rows:
        writer.writerow([*(row.key.get(k, "") for k in keys), *(_plain(row[v]) for v in values), row.missing])
    return text.getvalue()


def data_json(finding: StudyResult) -> dict[str, Any]:
    """Return everything about the study as JSON values, with every cell's whole recipe and its folder."""
    study, laboratory = finding.study, finding.laboratory
    return {
        "study": study.name,
        "source": study.source,
        "encoder": laboratory.setting.encoder,
        "judge": laboratory.judge.name,
        "size": laboratory.setting.size,
        "quick": laboratory.setting.quick,
        "pictures": list(laboratory.pictures.names),
        "conditions": list(finding.conditions),
        "rows": [
            {
                "key": dict(row.key),
                "values": {name: None if math.isnan(value) else value for name, value in row.values.items()},
                "recipe": dict(row.recipe),
                "folder": None if row.folder is None else f"cells/{row.folder.name}",
                "missing": row.missing,
            }
            for row in finding.rows
        ],
    }


def markdown(finding: StudyResult, painted: Sequence[Row]) -> str:
    """Return the report: the question, what the source says, what was measured and how, the figure."""
    study, laboratory = finding.study, finding.laboratory
    quick = ["Quick: fewer steps, less to see."] if laboratory.setting.quick else []
    lines = [
        f"# {study.title}", "", study.question, "",
        "## What the source says", "", study.says, "", f"Source: {study.source}.", "",
        *(["## What differs here", "", study.differs, ""] if study.differs else []),
        "## What was measured", "",
        " ".join([*finding.conditions, *quick]), "",
    ]  # fmt: skip
    if painted:
        lines += [f"* {note}" for note in study.notes(painted)]
        lines += ["", f"![{study.title}](figure.png)", "", *_table(finding, painted)]
    missing = [row for row in finding.rows if row.missing]
    if missing:
        lines += ["", "## Missing", "", *(f"* {row.label}: {row.missing}" for row in missing)]
    lines += ["", "Every value and recipe is in [data.csv](data.csv) and [data.json](data.json)."]
    return "\n".join(lines) + "\n"


def _table(finding: StudyResult, rows: Sequence[Row]) -> list[str]:
    keys, values = _names(rows)
    shown = [name for name in (finding.study.columns or values) if name in values]
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
