"""Adam, Adam with decay and L-BFGS on one objective."""

from __future__ import annotations

from collections.abc import Sequence

from impasto.lab.figure import Chart, Figure, Panel, draw
from impasto.lab.row import FigureData, Row
from impasto.lab.study import PaintCell, Setting, Study


def cells(setting: Setting) -> list[PaintCell]:
    """Return the grid: one loss for all, so nothing adapts or turns, and neither pixels nor features are cut."""
    steps = setting.steps(300, 100)
    same = {
        "hold": False,
        "views": 1,
        "clamp": False,
        "precision": "float32",
        "final_learning_rate_factor": 1.0,
    }
    same |= {"start": "content", "scales": ((setting.size, steps),)}
    adam = {**same, "learning_rate": 0.02, "betas": (0.9, 0.99)}
    return [
        PaintCell({"optimiser": "Adam"}, adam),
        PaintCell(
            {"optimiser": "Adam with decay"}, {**adam, "decay": 0.6, "decay_every": max(1, steps // 5)}
        ),
        PaintCell({"optimiser": "L-BFGS"}, {**same, "optimizer": "lbfgs"}),
    ]


def course(row: Row, by: str) -> tuple[list[float], list[float]]:
    """Return the seconds or passes at the end of every step, and the loss that the next step begins with."""
    spent, losses = row.course(by, "loss")
    return spent[:-1], losses[1:]


def figure(view: FigureData) -> Figure:
    """Draw the figure."""
    panels = [Panel(row.picture(), f"loss {row['loss']:.3g}, {row['seconds']:.0f} s") for row in view.rows]
    charts = [
        Chart({str(r["optimiser"]): course(r, by) for r in view.painted}, by, "loss")
        for by in ("seconds", "passes")
    ]
    columns = ["photograph", "style", *(str(row["optimiser"]) for row in view.rows)]
    return draw([[Panel(view.content), Panel(view.styles[0]), *panels]], columns=columns, charts=charts)


def notes(rows: Sequence[Row]) -> list[str]:
    """Say what was measured."""
    costs = [f"{r['optimiser']} {r['passes'] / r['steps']:.2f}" for r in rows]
    ends = ", ".join(f"{r['optimiser']} {r['loss']:.3g} ({r['seconds']:.0f} s)" for r in rows)
    return [f"Passes of the encoder a step: {', '.join(costs)}.", f"The loss at the end: {ends}."]


STUDY = Study(
    name="optimisers",
    title="Optimisers on one objective",
    question="Which optimiser brings the same loss down fastest, by the clock and by passes of the encoder?",
    source="Gatys, Ecker & Bethge, Image Style Transfer Using Convolutional Neural Networks, CVPR 2016, section 2.3",
    says="Any optimiser that takes a gradient will do; L-BFGS was found to work best for the synthesis of images.",
    cells=cells,
    measures=("loss", "cost", "judge"),
    columns=("loss at start", "loss", "seconds", "steps", "passes", "STYLE", "CONTENT"),
    figure=figure,
    notes=notes,
)
