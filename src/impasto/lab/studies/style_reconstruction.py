"""Style reconstruction from growing sets of layers."""

from __future__ import annotations

from collections.abc import Sequence

from impasto.lab.cells import FROM_NOISE, PaintCell
from impasto.lab.figure import Figure, Panel, draw
from impasto.lab.row import FigureData, Row
from impasto.lab.setting import Setting
from impasto.lab.study import Study


def cells(setting: Setting) -> list[PaintCell]:
    """Return one cell per set of layers: the first, the first two, ... all five."""
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


def figure(data: FigureData) -> Figure:
    """Draw the style image and the reconstructions."""
    panels = [Panel(row.picture(), f"worst layer {row['worst style']:.2g}") for row in data.rows]
    columns = ["style", *(str(row["layers"]) for row in data.rows)]
    return draw([[Panel(data.styles[0]), *panels]], columns=columns)


def notes(rows: Sequence[Row]) -> list[str]:
    """Report the largest remaining distance."""
    worst = max(row["worst style"] for row in rows)
    return [f"The STYLE distance is at most {worst:.2g} at every layer that took part."]


STUDY = Study(
    name="style-reconstruction",
    title="Style reconstruction by growing sets of layers",
    question="Which parts of a style do the statistics of one layer, of the first two, ... of all five capture?",
    source="Gatys, Ecker & Bethge, A Neural Algorithm of Artistic Style, arXiv:1508.06576, figure 1 (style)",
    claim="An image is optimised from white noise until its statistics equal those of the style image at conv1_1; at "
    "conv1_1 and conv2_1; ...; at conv1_1 to conv5_1. The results match the style on a growing scale and lose the "
    "arrangement of the scene.",
    differs="The loss compares means and covariances, which together carry the information of the paper's Gram "
    "matrix. Each layer's distance is relative to the statistics of the style image, and Adam optimises.",
    cells=cells,
    measures=("style_layers", "judge", "cost"),
    columns=("worst style", *(f"style relu{block}_1" for block in range(1, 6)), "STYLE"),
    figure=figure,
    notes=notes,
)
