"""The textbook's run: a small picture first, then a larger one that starts from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from impasto.lab.cells import PaintCell
from impasto.lab.figure import Chart, Figure, Panel, draw
from impasto.lab.row import FigureData, Row
from impasto.lab.setting import Setting
from impasto.lab.study import Study

# Label -> prefix of the terms' names in the trace.
TERMS = {"content": "content/", "style": "style/", "TV": "variation"}


def cells(setting: Setting) -> list[PaintCell]:
    """Return the first half of the run, for its picture, and the whole run."""
    steps = max(1, setting.steps(1000, 240) // 2)
    fields: dict[str, Any] = {
        "decay_every": max(1, steps * 2 // 5),
        "learning_rate": 0.00226 * max(1.0, 500 / max(steps, 100)),
    }
    if not setting.vgg:
        fields |= {
            "content_layers": {"relu4_2": 1.0},
            "content_loss": "variance",
            "style_loss": "moments",
            "style_weight": 1.0,
            "variation_weight": 3.0,
        }
    half, full = min(setting.size, max(24, setting.size // 2)), setting.size
    coarse = {**fields, "size": half, "scales": ((half, steps),)}
    fine = {**fields, "scales": ((half, steps), (full, steps))}
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
    source="Zhang, Lipton, Li & Smola, Dive into Deep Learning, section 14.12 (Neural Style Transfer)",
    claim="A picture of 150x225 is optimised for 500 epochs and is then the start of one of 300x450. An epoch of the "
    "larger picture takes more time. The larger picture keeps more detail, and its blocks of colour even have the "
    "texture of brush strokes.",
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
