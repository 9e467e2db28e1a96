"""What growing sets of layers know of a style."""

from __future__ import annotations

from collections.abc import Sequence

from impasto.lab.cells import FROM_NOISE, PaintCell
from impasto.lab.figure import Figure, Panel, draw
from impasto.lab.row import FigureData, Row
from impasto.lab.setting import Setting
from impasto.lab.study import Study


def cells(setting: Setting) -> list[PaintCell]:
    """Return the grid."""
    steps = setting.steps(500, 250)
    fields = {**FROM_NOISE, "style_loss": "moments", "scales": ((setting.size, steps),)}
    return [
        PaintCell(
            {"layers": layer if count == 1 else f"{setting.layers[0]} to {layer}"},
            {**fields, "style_layers": dict.fromkeys(setting.layers[:count], 1.0)},
            content=False,
        )
        for count, layer in enumerate(setting.layers, start=1)
    ]


def figure(view: FigureData) -> Figure:
    """Draw the figure."""
    panels = [Panel(row.picture(), f"worst layer {row['worst style']:.2g}") for row in view.rows]
    columns = ["style", *(str(row["layers"]) for row in view.rows)]
    return draw([[Panel(view.styles[0]), *panels]], columns=columns)


def notes(rows: Sequence[Row]) -> list[str]:
    """Say what was measured."""
    worst = max(row["worst style"] for row in rows)
    return [f"The STYLE distance at every layer that was used is at most {worst:.2g}."]


STUDY = Study(
    name="style-reconstruction",
    title="Style reconstruction by growing sets of layers",
    question="What do the statistics of one layer, of the first two, ... of all five know of a painting?",
    source="Gatys, Ecker & Bethge, A Neural Algorithm of Artistic Style, arXiv:1508.06576, figure 1 (style)",
    says="From white noise a picture is found with the painting's statistics on conv1_1; conv1_1 and conv2_1; ...; "
    "conv1_1 to conv5_1. The pictures match the painting's style on a growing scale while its arrangement is lost.",
    differs="Means and covariances are compared, which say together what the paper's Gram matrix says, each layer "
    "relative to the painting's own, by Adam.",
    cells=cells,
    measures=("style_layers", "judge", "cost"),
    columns=("worst style", *(f"style relu{block}_1" for block in range(1, 6)), "STYLE"),
    figure=figure,
    notes=notes,
)
