"""What each layer keeps of a photograph."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from impasto.lab.cells import FROM_NOISE, PaintCell
from impasto.lab.figure import Chart, Figure, Panel, draw
from impasto.lab.row import FigureData, Row
from impasto.lab.setting import Setting
from impasto.lab.study import Study

VGG = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "relu4_2", "conv5_1")


def cells(setting: Setting) -> list[PaintCell]:
    """Return the layers."""
    layers = VGG if setting.vgg else (*setting.layers[:4], "relu4_2", setting.layers[4])
    own = {**FROM_NOISE, "scales": ((setting.size, setting.steps(400, 150)),), "variation_weight": 0.2}
    return [
        PaintCell({"layer": layer}, {**own, "content_layers": {layer: 1.0}}, styles=()) for layer in layers
    ]


def figure(view: FigureData) -> Figure:
    """Draw the pictures, and how the losses fell."""
    panels = [Panel(row.picture(), f"error {row['error']:.2g}, SSIM {row['SSIM']:.2f}") for row in view.rows]
    courses = {str(row["layer"]): row.course("step", "loss") for row in view.painted}
    falls = {
        layer: (steps, [loss / losses[0] for loss in losses]) for layer, (steps, losses) in courses.items()
    }
    chart = Chart(falls, "step", "loss / loss at start", log_y=True)
    columns = ["photograph", *view.along("layer")]
    return draw([[Panel(view.content), *panels]], columns=columns, charts=[chart])


def notes(rows: Sequence[Row]) -> list[str]:
    """Say what was measured."""
    least, similar = min(row["error fell"] for row in rows), [f"{row['SSIM']:.2f}" for row in rows]
    falls = all(a["SSIM"] > b["SSIM"] for a, b in pairwise(rows))
    return [
        f"The error at the layer fell at least {least:.0f} times.",
        f"SSIM with the photograph, from the shallowest layer: {', '.join(similar)}; "
        f"it {'falls' if falls else 'does not fall'} with every layer.",
    ]


STUDY = Study(
    name="content-reconstruction",
    title="Content reconstruction by layer",
    question="What does each layer of the encoder keep of a photograph?",
    source="Gatys, Ecker & Bethge, A Neural Algorithm of Artistic Style, arXiv:1508.06576, figure 1 (content)",
    says="From white noise a picture is found whose features at one layer are the photograph's. Lower layers "
    "reproduce it almost perfectly; higher layers keep objects and their arrangement, but not exact pixel values.",
    differs="The paper descends the plain gradient; here Adam with a falling rate and a little total variation, for "
    "what a deep layer does not see stays the noise it was (Mahendran & Vedaldi, CVPR 2015, section 3.1).",
    cells=cells,
    measures=("content_error", "ssim", "cost"),
    columns=("error at start", "error", "error fell", "SSIM"),
    figure=figure,
    notes=notes,
)
