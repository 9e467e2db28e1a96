"""Content layer against the ratio of content to style."""

from __future__ import annotations

from collections.abc import Sequence

from impasto.lab.figure import Chart, Figure, Panel, draw
from impasto.lab.row import Row, View
from impasto.lab.study import Cell, Setting, Study


def cells(setting: Setting) -> list[Cell]:
    """Return the grid."""
    steps = setting.steps(400, 80)
    low, high = ("relu2_2", "relu4_2") if setting.vgg else ("relu2_1", "relu4_2")
    preset = "gatys" if setting.vgg else "impasto"
    # Ours are relative losses of about 1: the ratios of the same five decades lie elsewhere than the paper's.
    ratios = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1) if setting.vgg else (1e-3, 1e-2, 1e-1, 1.0, 10.0)
    own = {} if setting.vgg else {"hold": False, "views": 1}
    return [
        Cell(
            {"content layer": layer, "alpha / beta": ratio},
            {**own, "content_layers": {layer: 1.0}, "content_weight": ratio, "style_weight": 1.0, "start": "content",
             "scales": ((setting.size, steps),)},
            preset=preset,
        )
        for layer in (low, high)
        for ratio in ratios
    ]  # fmt: skip


def figure(view: View) -> Figure:
    """Draw the figure."""
    layers, ratios = view.along("content layer"), view.along("alpha / beta")
    rows = [[view.find(**{"content layer": a, "alpha / beta": r}) for r in ratios] for a in layers]
    grid = [
        [Panel(r.picture(), f"STYLE {r['STYLE']:.2f}, CONTENT {r['CONTENT']:.2f}") for r in row]
        for row in rows
    ]
    fronts = {
        str(a): ([r["CONTENT"] for r in row], [r["STYLE"] for r in row])
        for a, row in zip(layers, rows, strict=True)
    }
    columns = [f"alpha/beta {ratio:g}" for ratio in ratios]
    return draw(grid, columns=columns, labels=layers, charts=[Chart(fronts, "CONTENT", "STYLE")])


def notes(rows: Sequence[Row]) -> list[str]:
    """Say what was measured."""
    found = []
    for layer in dict.fromkeys(row["content layer"] for row in rows):
        few = [row for row in rows if row["content layer"] == layer]
        found.append(
            f"Content at {layer}: from the smallest ratio to the largest, CONTENT goes from {few[0]['CONTENT']:.2f} to "
            f"{few[-1]['CONTENT']:.2f} and STYLE from {few[0]['STYLE']:.2f} to {few[-1]['STYLE']:.2f}."
        )
    return found


STUDY = Study(
    name="alpha-beta-by-layer",
    title="Content layer and the ratio of content to style",
    question="How do the content layer and alpha / beta trade the photograph for the style?",
    source="Gatys, Ecker & Bethge, Image Style Transfer Using Convolutional Neural Networks, CVPR 2016, figures 4, 5",
    says="A small alpha / beta gives a texture of the painting that hardly shows the photograph, a large one the "
    "photograph hardly stylised. Matching a low layer (conv2_2) keeps the photograph's pixels and the texture only "
    "lies over it; matching a high one (conv4_2) lets forms change while the objects stay.",
    differs="The photograph is the first picture. Through VGG-19 it is the paper's loss by L-BFGS, but the network is "
    "not normalised to a mean activation of 1 as the paper's, so that the same pictures need a larger alpha / beta: "
    "1e-2 to 100. Through the compact encoder it is our default loss, whose terms are about 1 each: 1e-3 to 10.",
    cells=cells,
    measures=("judge", "loss", "cost"),
    columns=("STYLE", "CONTENT", "NOISE", "loss"),
    figure=figure,
    notes=notes,
)
