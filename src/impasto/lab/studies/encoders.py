"""The same recipe through several encoders, trained and untrained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from impasto.lab.cells import PaintCell
from impasto.lab.figure import Figure, Panel, draw
from impasto.lab.row import FigureData, Row
from impasto.lab.setting import Setting
from impasto.lab.study import Study

# Encoder -> label in the figure.
LABELS = {
    "compact": "compact",
    "vgg16": "vgg16",
    "vgg19": "vgg19",
    "resnet50": "resnet50",
    "vgg19-random": "vgg19 (random)",
    "tiny": "tiny (random)",
}
# The layers of ResNet-50 whose strides are nearest to those of the preset's layers.
RESNET_LAYERS = {
    "content_layers": {"stem": 0.1, "stage1": 0.3, "stage2_1": 1.0, "stage2": 1.0},
    "style_layers": dict.fromkeys(("stem", "stage1", "stage2", "stage3"), 1.0),
}


def cells(setting: Setting) -> list[PaintCell]:
    """Return one cell per encoder."""
    scales = ((setting.size, setting.steps(200, 60)),)
    result = []
    for encoder, label in LABELS.items():
        fields: dict[str, Any] = {"encoder": encoder, "scales": scales}
        if encoder == "resnet50":
            fields |= RESNET_LAYERS
        result.append(PaintCell({"encoder": label}, fields))
    return result


def figure(data: FigureData) -> Figure:
    """Draw one picture per encoder beside content and style."""
    panels = [Panel(row.picture(), row.caption("STYLE", "CONTENT")) for row in data.rows]
    columns = ["content image", "style", *data.coordinates("encoder")]
    return draw([[Panel(data.content), Panel(data.styles[0]), *panels]], columns=columns)


def notes(rows: Sequence[Row]) -> list[str]:
    """Report STYLE by encoder, best first."""
    ranking = sorted(rows, key=lambda row: float(row["STYLE"]))
    values = ", ".join(f"{row['encoder']} {row['STYLE']:.2f}" for row in ranking)
    return [f"STYLE by encoder, closest first: {values}."]


STUDY = Study(
    name="encoders",
    title="The same recipe through several encoders",
    question="What does the encoder's architecture contribute, and what does its training?",
    source="Wang, Li & Vasconcelos, Rethinking and Improving the Robustness of Image Style Transfer, CVPR 2021",
    claim="Features of VGG capture style remarkably well. Features of residual networks do much worse, because their "
    "maps have little entropy. Random weights can do as well as trained ones where the maps have enough entropy.",
    cells=cells,
    measures=("judge", "ssim", "cost"),
    columns=("STYLE5", "STYLE", "CONTENT", "NOISE", "SSIM", "seconds"),
    figure=figure,
    notes=notes,
)
