"""The textbook's run: a small picture first, then a larger one that starts from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from impasto.lab.cells import PaintCell
from impasto.lab.figure import Chart, Figure, Panel, draw
from impasto.lab.row import FigureData, Row
from impasto.lab.setting import Setting
from impasto.lab.study import Study
from impasto.optimize.preset import FIRST_LAYERS

# Label -> prefix of the terms' names in the trace.
TERMS = {"content": "content/", "style": "style/", "TV": "variation"}


def cells(setting: Setting) -> list[PaintCell]:
    """Return the first half of the run, for its picture, and the whole run."""
    # 500 and 300 epochs, with a smaller learning rate after each 200 and 100.
    steps = setting.steps(800, 240)
    first = max(1, steps * 5 // 8)
    second = max(1, steps - first)
    fields: dict[str, Any] = {
        "decay_every": (max(1, first * 2 // 5), max(1, second // 3)),
        "learning_rate": 0.01 * max(1.0, 500 / max(first, 100)),
    }
    if not setting.vgg:
        fields |= {
            "content_layers": {"relu4_2": 1.0},
            "content_loss": "variance",
            "style_layers": dict.fromkeys(FIRST_LAYERS, 1.0),
            "style_loss": "moments",
            "style_weight": 1.0,
            "variation_weight": 3.0,
        }
    half, full = min(setting.size, max(24, setting.size // 2)), setting.size
    coarse = {**fields, "size": half, "scales": ((half, first),)}
    fine = {**fields, "scales": ((half, first), (full, second))}
    return [
        PaintCell({"up to": f"{half} px"}, coarse, "d2l"),
        PaintCell({"up to": f"{full} px, from it"}, fine, "d2l"),
    ]


def _loss_curves(row: Row) -> list[dict[str, list[float]]]:
    """Return the weighted content, style and total variation losses at every step of each resolution."""
    trace = row.trace()
    curves = []
    for scale in (0, 1):
        entries = [entry for entry in trace if entry["scale"] == scale]
        curves.append(
            {
                label: [
                    sum(value for term, value in entry.items() if term.startswith(prefix))
                    for entry in entries
                ]
                for label, prefix in TERMS.items()
            }
        )
    return curves


def figure(data: FigureData) -> Figure:
    """Draw both pictures, and the losses of each resolution."""
    panels = [Panel(data.content), Panel(data.styles[0]), *(Panel(row.picture()) for row in data.rows)]
    sizes = data.coordinates("up to")
    charts = [
        Chart(
            {label: (range(1, len(losses) + 1), losses) for label, losses in curves.items()},
            f"epoch, {size}",
            "loss",
        )
        for size, curves in zip(sizes, _loss_curves(data.rows[-1]), strict=True)
    ]
    return draw([panels], columns=["content image", "style", *sizes], charts=charts)


def notes(rows: Sequence[Row]) -> list[str]:
    """Return the table that the book prints: weighted losses at every tenth of each resolution."""
    tables = []
    for row, curves in zip(rows, _loss_curves(rows[-1]), strict=False):
        count = len(curves["style"])
        epochs = sorted({max(1, round(count * tenth / 10)) for tenth in range(11) if count})
        lines = [["epoch", *TERMS], ["---"] * (1 + len(TERMS))]
        lines += [
            [str(epoch), *(f"{losses[epoch - 1]:.3g}" for losses in curves.values())] for epoch in epochs
        ]
        title = f"Weighted losses, {row['up to']}:\n"
        tables.append("\n  | ".join([title, *(" | ".join(line) for line in lines)]) + "\n")
    return tables


STUDY = Study(
    name="two-resolutions",
    title="A coarse picture, then a fine one",
    question="What does the second resolution add?",
    source="Zhang, Lipton, Li & Smola, Dive into Deep Learning, first edition (version 0.6), Neural Style Transfer",
    claim="A picture of 150x225 is optimised for 500 epochs and is then the start of one of 300x450, optimised for "
    "300. An epoch of the larger picture takes more time. The larger picture keeps more detail, and its blocks of "
    "colour even have the texture of brush strokes.",
    differs="Longer sides of 225 and 450 pixels are the book's sizes; --size sets another second one. With fewer than "
    "500 steps each step is larger. The book's weights are for torchvision's VGG-19; other encoders use content 1, "
    "relative style 1, TV 3.",
    cells=cells,
    measures=("judge", "cost"),
    columns=("STYLE5", "STYLE", "CONTENT", "NOISE", "seconds"),
    figure=figure,
    notes=notes,
    full_size=450,
)
