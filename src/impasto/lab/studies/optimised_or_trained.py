"""Optimisation against a trained network."""

from __future__ import annotations

from collections.abc import Sequence

from impasto.lab.cells import Cell, OnePassCell, PaintCell
from impasto.lab.figure import Chart, Figure, Panel, draw
from impasto.lab.row import FigureData, Row
from impasto.lab.setting import Setting
from impasto.lab.study import Study

ONE = "It has to be trained for the style: impasto train STYLE --photos DIR --out FILE, then --network FILE."


def cells(setting: Setting) -> list[Cell]:
    """Return the grid."""
    painted = [
        PaintCell({"method": f"optimised, {quality}", "training": "none"}, {"quality": quality})
        for quality in ("draft", "normal", "high")
    ]
    one = {"method": "network of one style", "training": "once a style"}
    trained = OnePassCell(one, setting.network or "", missing="" if setting.network else ONE)
    return [*painted, trained, OnePassCell({"method": "network of any style", "training": "once"}, "any")]


def figure(view: FigureData) -> Figure:
    """Draw the figure."""
    panels = [Panel(r.picture(), f"training: {r['training']}") for r in view.rows]
    seconds = [row["seconds"] for row in view.painted]
    lines = {name: (seconds, [row[name] for row in view.painted]) for name in ("STYLE", "CONTENT")}
    columns = ["photograph", "style", *(str(row["method"]) for row in view.rows)]
    chart = Chart(lines, "seconds a picture", "distance", log_x=True)
    return draw([[Panel(view.content), Panel(view.styles[0]), *panels]], columns=columns, charts=[chart])


def notes(rows: Sequence[Row]) -> list[str]:
    """Say what was measured."""
    return [
        f"{r['method']} (training: {r['training']}): {r['seconds']:.3g} s, STYLE {r['STYLE']:.2f}, CONTENT "
        f"{r['CONTENT']:.2f}."
        for r in rows
    ]


STUDY = Study(
    name="optimised-or-trained",
    title="Optimised or trained",
    question="What does a picture cost, and how good is it, when it is optimised and when a trained network paints it?",
    source="Johnson, Alahi & Fei-Fei, Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016",
    says="A network that was trained for one style solves the same problem in one pass: the results are similar to "
    "those of the optimisation, three orders of magnitude faster. Every style needs a training of its own.",
    cells=cells,
    measures=("judge", "cost"),
    columns=("seconds", "steps", "STYLE", "CONTENT", "NOISE"),
    figure=figure,
    notes=notes,
)
