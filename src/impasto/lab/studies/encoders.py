"""One recipe through several encoders, and through one that was never trained."""

from collections.abc import Sequence
from typing import Any

from impasto.lab.cells import PaintCell
from impasto.lab.figure import Figure, Panel, draw
from impasto.lab.row import FigureData, Row
from impasto.lab.setting import Setting
from impasto.lab.study import Study

NAMES = {"compact": "compact", "vgg16": "vgg16", "vgg19": "vgg19", "resnet50": "resnet50",
         "vgg19-random": "vgg19 (random)", "tiny": "tiny (random)"}  # fmt: skip


def _layers(encoder: str) -> dict[str, Any]:
    """Return the preset's layers; for ResNet-50 those whose strides are nearest to theirs."""
    content = {"stem": 0.1, "stage1": 0.3, "stage2_1": 1.0, "stage2": 1.0}
    style = dict.fromkeys(("stem", "stage1", "stage2", "stage3"), 1.0)
    return {"content_layers": content, "style_layers": style} if encoder == "resnet50" else {}


def cells(setting: Setting) -> list[PaintCell]:
    """Return the grid."""
    scales = ((setting.size, setting.steps(200, 60)),)
    return [
        PaintCell({"encoder": name}, {"encoder": encoder, "scales": scales, **_layers(encoder)})
        for encoder, name in NAMES.items()
    ]


def figure(view: FigureData) -> Figure:
    """Draw the figure."""
    panels = [Panel(row.picture(), row.caption("STYLE", "CONTENT")) for row in view.rows]
    columns = ["photograph", "style", *view.along("encoder")]
    return draw([[Panel(view.content), Panel(view.styles[0]), *panels]], columns=columns)


def notes(rows: Sequence[Row]) -> list[str]:
    """Say what was measured."""
    order = sorted(rows, key=lambda row: float(row["STYLE"]))
    words = ", ".join(f"{row['encoder']} {row['STYLE']:.2f}" for row in order)
    return [f"STYLE, from the encoder that comes nearest: {words}."]


STUDY = Study(
    name="encoders",
    title="The same recipe through several encoders",
    question="What does the encoder contribute, and what does its training?",
    source="Wang, Li & Vasconcelos, Rethinking and Improving the Robustness of Image Style Transfer, CVPR 2021",
    says="Features of VGG capture a style remarkably well. Those of residual networks do much worse, because their "
    "maps have little entropy; random weights can do as well as trained ones where the maps have enough of it.",
    cells=cells,
    measures=("judge", "ssim", "cost"),
    columns=("STYLE", "CONTENT", "NOISE", "SSIM", "seconds"),
    figure=figure,
    notes=notes,
)
