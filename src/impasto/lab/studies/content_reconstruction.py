"""Content reconstruction from each layer of the encoder."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from impasto.lab.cells import FROM_NOISE, PaintCell
from impasto.lab.figure import Chart, Figure, Panel, draw
from impasto.lab.row import FigureData, Row
from impasto.lab.setting import Setting
from impasto.lab.study import Study

VGG_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "relu4_2", "conv5_1")


def cells(setting: Setting) -> list[PaintCell]:
    """Return one cell per layer."""
    layers = VGG_LAYERS if setting.vgg else (*setting.layers[:4], "relu4_2", setting.layers[4])
    fields = {**FROM_NOISE, "scales": ((setting.size, setting.steps(400, 150)),), "variation_weight": 0.2}
    return [
        PaintCell({"layer": layer}, {**fields, "content_layers": {layer: 1.0}}, styles=()) for layer in layers
    ]


def figure(data: FigureData) -> Figure:
    """Draw the pictures and the loss curves."""
    panels = [Panel(row.picture(), f"error {row['error']:.2g}, SSIM {row['SSIM']:.2f}") for row in data.rows]
    curves = {}
    for row in data.finished:
        steps, losses = row.curve("step", "loss")
        curves[str(row["layer"])] = (steps, [loss / losses[0] for loss in losses])
    chart = Chart(curves, "step", "loss / loss at start", log_y=True)
    columns = ["content image", *data.coordinates("layer")]
    return draw([[Panel(data.content), *panels]], columns=columns, charts=[chart])


def notes(rows: Sequence[Row]) -> list[str]:
    """Report how far the error fell and how similar the pictures are."""
    least = min(row["error fell"] for row in rows)
    similarities = ", ".join(f"{row['SSIM']:.2f}" for row in rows)
    falls = all(shallow["SSIM"] > deep["SSIM"] for shallow, deep in pairwise(rows))
    return [
        f"The error at the layer fell by a factor of at least {least:.0f}.",
        f"SSIM with the content image, from the shallowest layer to the deepest: {similarities}. "
        f"It {'falls' if falls else 'does not fall'} with every layer.",
    ]


STUDY = Study(
    name="content-reconstruction",
    title="Content reconstruction by layer",
    question="Which parts of a content image does each layer of the encoder preserve?",
    source="Gatys, Ecker & Bethge, A Neural Algorithm of Artistic Style, arXiv:1508.06576, figure 1 (content)",
    claim="An image is optimised from white noise until its features at one layer equal those of the content image. "
    "Lower layers reproduce the content image almost perfectly. Higher layers preserve objects and their arrangement, "
    "but not exact pixel values.",
    differs="The paper uses plain gradient descent. Here Adam runs with a falling learning rate and a small total "
    "variation term, because otherwise the parts of the noise that a deep layer ignores would remain (Mahendran & "
    "Vedaldi, CVPR 2015, section 3.1).",
    cells=cells,
    measures=("content_error", "ssim", "cost"),
    columns=("error at start", "error", "error fell", "SSIM"),
    figure=figure,
    notes=notes,
)
