"""Content layer against the ratio of content weight to style weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from impasto.lab.cells import PaintCell
from impasto.lab.figure import Chart, Figure, Panel, draw
from impasto.lab.row import FigureData, Row, grouped
from impasto.lab.setting import Setting
from impasto.lab.study import Study

LAYER, RATIO = "content layer", "alpha / beta"
# Five decades from texture to content image; the two losses need different ones.
DEFAULT_RATIOS = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
VGG_RATIOS = (1e-2, 1e-1, 1.0, 10.0, 100.0)


def cells(setting: Setting) -> list[PaintCell]:
    """Return the grid of content layers and ratios."""
    fields: dict[str, Any] = {
        "style_weight": 1.0,
        "start": "content",
        "scales": ((setting.size, setting.steps(400, 80)),),
    }
    if setting.vgg:
        preset, low_layer, ratios = "gatys", "relu2_2", VGG_RATIOS
        fields |= {"rescale_pooling": True, "padding": "replicate"}
    else:
        preset, low_layer, ratios = "impasto", "relu2_1", DEFAULT_RATIOS
        fields |= {"hold": False, "views": 1}
    return [
        PaintCell(
            {LAYER: layer, RATIO: ratio},
            {**fields, "content_layers": {layer: 1.0}, "content_weight": ratio},
            preset,
        )
        for layer in (low_layer, "relu4_2")
        for ratio in ratios
    ]


def figure(data: FigureData) -> Figure:
    """Draw one row of pictures per layer, and STYLE against CONTENT."""
    layers = grouped(data.rows, LAYER)
    grid = [
        [Panel(row.picture(), row.caption("STYLE", "CONTENT")) for row in rows] for rows in layers.values()
    ]
    fronts = {
        layer: ([row["CONTENT"] for row in rows], [row["STYLE"] for row in rows])
        for layer, rows in layers.items()
    }
    columns = [f"alpha/beta {ratio:g}" for ratio in data.coordinates(RATIO)]
    return draw(grid, columns=columns, labels=[*layers], charts=[Chart(fronts, "CONTENT", "STYLE")])


def notes(rows: Sequence[Row]) -> list[str]:
    """Report the range of STYLE and CONTENT for each layer."""
    result = []
    for layer, group in grouped(rows, LAYER).items():
        first, last = group[0], group[-1]
        result.append(
            f"Content at {layer}: from the smallest ratio to the largest, CONTENT goes from "
            f"{first['CONTENT']:.2f} to {last['CONTENT']:.2f} and STYLE from {first['STYLE']:.2f} to "
            f"{last['STYLE']:.2f}."
        )
    return result


STUDY = Study(
    name="alpha-beta-by-layer",
    title="Content layer and the ratio of content to style",
    question="How do the content layer and alpha / beta trade content for style?",
    source="Gatys, Ecker & Bethge, Image Style Transfer Using Convolutional Neural Networks, CVPR 2016, "
    "figures 4, 5",
    claim="With a small alpha / beta the result is a texture of the style image that hardly shows the content. With a "
    "large one the content image is hardly stylised. If the content layer is low (conv2_2), the result keeps most "
    "pixels of the content image and looks as if the texture were laid over it. If it is high (conv4_2), forms change "
    "while the objects remain.",
    differs="The content image is the start. Through VGG-19 the loss is the paper's and L-BFGS optimises, but the "
    "network is not normalised to a mean activation of 1 as in the paper. Instead, pooling keeps the size of "
    "activations, and alpha / beta is larger: 1e-2 to 100. Through the compact encoder the loss is impasto's default, "
    "whose terms are about 1 each: 1e-3 to 10.",
    cells=cells,
    measures=("judge", "loss", "cost"),
    columns=("STYLE5", "STYLE", "CONTENT", "NOISE", "loss"),
    figure=figure,
    notes=notes,
)
