"""Painting by optimisation against one-pass networks."""

from __future__ import annotations

from collections.abc import Sequence

from impasto.lab.cells import Cell, OnePassCell, PaintCell
from impasto.lab.figure import Chart, Figure, Panel, draw
from impasto.lab.row import FigureData, Row
from impasto.lab.setting import Setting
from impasto.lab.study import Study

NO_NETWORK = (
    "A network has to be trained for the style: run impasto train STYLE --photos DIR --out FILE, "
    "then give --network FILE."
)


def cells(setting: Setting) -> list[Cell]:
    """Return three qualities of optimisation, a network of one style, and a network of any style."""
    optimised = [
        PaintCell(
            {"method": f"optimised, {quality}", "training": "none"}, {"quality": quality, "start": "fast"}
        )
        for quality in ("draft", "normal", "high")
    ]
    one_style = OnePassCell(
        {"method": "network of one style", "training": "once a style"},
        setting.network or "",
        missing="" if setting.network else NO_NETWORK,
    )
    any_style = OnePassCell({"method": "network of any style", "training": "once"}, "any")
    return [*optimised, one_style, any_style]


def figure(data: FigureData) -> Figure:
    """Draw one picture per method, and the distances against the time of a picture."""
    panels = [Panel(row.picture(), f"training: {row['training']}") for row in data.rows]
    seconds = [row["seconds"] for row in data.finished]
    curves = {name: (seconds, [row[name] for row in data.finished]) for name in ("STYLE", "CONTENT")}
    columns = ["content image", "style", *(str(row["method"]) for row in data.rows)]
    chart = Chart(curves, "seconds a picture", "distance", log_x=True)
    return draw([[Panel(data.content), Panel(data.styles[0]), *panels]], columns=columns, charts=[chart])


def notes(rows: Sequence[Row]) -> list[str]:
    """Report time and distances of each method."""
    return [
        f"{row['method']} (training: {row['training']}): {row['seconds']:.3g} s, STYLE {row['STYLE']:.2f}, CONTENT "
        f"{row['CONTENT']:.2f}."
        for row in rows
    ]


STUDY = Study(
    name="optimised-or-trained",
    title="Optimised or trained",
    question="How long does a picture take, and how good is it, by optimisation and by a trained network?",
    source="Johnson, Alahi & Fei-Fei, Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016",
    claim="A network trained for one style solves the same problem in one pass: the results are similar to those of "
    "the optimisation and three orders of magnitude faster. Every style needs its own training.",
    cells=cells,
    measures=("judge", "cost"),
    columns=(
        "seconds",
        "steps",
        "STYLE5",
        "STYLE",
        "CONTENT",
        "Ls",
        "Lc",
        "CHECKERBOARD",
        "REPETITION",
        "NOISE",
    ),
    figure=figure,
    notes=notes,
)
