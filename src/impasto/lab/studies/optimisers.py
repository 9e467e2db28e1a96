"""Adam, Adam with decay and L-BFGS on one objective."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from impasto.lab.cells import PaintCell
from impasto.lab.figure import Chart, Figure, Panel, draw
from impasto.lab.row import FigureData, Row
from impasto.lab.setting import Setting
from impasto.lab.study import Study


def cells(setting: Setting) -> list[PaintCell]:
    """Return one cell per optimiser.

    All share one fixed objective: nothing adapts, no views are added, pixels are not clamped, and features stay in
    float32.
    """
    steps = setting.steps(300, 100)
    shared: dict[str, Any] = {
        "hold": False,
        "views": 1,
        "clamp": False,
        "precision": "float32",
        "final_learning_rate_factor": 1.0,
        "start": "content",
        "scales": ((setting.size, steps),),
    }
    adam = {**shared, "learning_rate": 0.02, "betas": (0.9, 0.99)}
    return [
        PaintCell({"optimiser": "Adam"}, adam),
        PaintCell(
            {"optimiser": "Adam with decay"}, {**adam, "decay": 0.6, "decay_every": max(1, steps // 5)}
        ),
        PaintCell({"optimiser": "L-BFGS"}, {**shared, "optimizer": "lbfgs"}),
    ]


def loss_curve(row: Row, cost: str) -> tuple[list[float], list[float]]:
    """Return the loss against the ``cost`` ("seconds" or "passes") spent on it.

    The trace has the loss before each step, so that the cost of one step belongs to the loss of the next.
    """
    costs, losses = row.curve(cost, "loss")
    return costs[:-1], losses[1:]


def figure(data: FigureData) -> Figure:
    """Draw one picture per optimiser, and the loss against time and encoder passes."""
    panels = [Panel(row.picture(), f"loss {row['loss']:.3g}, {row['seconds']:.0f} s") for row in data.rows]
    charts = [
        Chart({str(row["optimiser"]): loss_curve(row, cost) for row in data.finished}, cost, "loss")
        for cost in ("seconds", "passes")
    ]
    columns = ["content image", "style", *(str(row["optimiser"]) for row in data.rows)]
    return draw([[Panel(data.content), Panel(data.styles[0]), *panels]], columns=columns, charts=charts)


def notes(rows: Sequence[Row]) -> list[str]:
    """Report encoder passes per step and the final losses."""
    passes = ", ".join(f"{row['optimiser']} {row['passes'] / row['steps']:.2f}" for row in rows)
    losses = ", ".join(f"{row['optimiser']} {row['loss']:.3g} ({row['seconds']:.0f} s)" for row in rows)
    return [f"Encoder passes per step: {passes}.", f"Loss at the end: {losses}."]


STUDY = Study(
    name="optimisers",
    title="Optimisers on one objective",
    question="Which optimiser reduces the same loss fastest, in time and in encoder passes?",
    source="Gatys, Ecker & Bethge, Image Style Transfer Using Convolutional Neural Networks, CVPR 2016, section 2.3",
    claim="Any gradient-based optimiser can be used; L-BFGS was found to work best for image synthesis.",
    cells=cells,
    measures=("loss", "cost", "judge"),
    columns=("loss at start", "loss", "seconds", "steps", "passes", "STYLE5", "STYLE", "CONTENT"),
    figure=figure,
    notes=notes,
)
