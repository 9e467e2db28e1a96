"""The same recipe with other losses, poolings and starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from impasto.lab.cells import PaintCell
from impasto.lab.figure import Figure, Panel, draw
from impasto.lab.row import FigureData, Row
from impasto.lab.setting import Setting
from impasto.lab.study import Study

DEFAULT = "default"
# Style weights through the compact encoder and through Oxford's VGG-19, measured at 128 pixels.
WEIGHTS = {
    "Gram gatys": (4e3, 2.5e-11),
    "Gram d2l": (1.2e6, 1.6e-6),
    "Gram johnson": (1e3, 6e-12),
    "Gram undivided": (7e-6, 9e-17),
    "Wasserstein": (40.0, 3.7e-6),
    "sliced": (50.0, 6.8e-6),
}
GROUPS = {
    "total variation": (DEFAULT, "TV 1", "TV 10", "TV 100"),
    "Gram": ("Gram gatys", "Gram d2l", "Gram johnson", "Gram undivided"),
    "pooling": ("max pooling", "average pooling", "l2 pooling"),
    "start": (DEFAULT, "noise start", "style start"),
    "statistics": ("Gram d2l", DEFAULT, "Wasserstein", "sliced"),
}


def _fields(name: str, setting: Setting) -> dict[str, Any]:
    """Return the recipe fields of a choice, such as "TV 10", "Gram d2l" or "noise start"."""
    if name == DEFAULT:
        return {}
    first, _, last = name.partition(" ")
    if name in WEIGHTS:
        weight = WEIGHTS[name][setting.vgg]
        if last == "undivided":
            # This loss grows with the fourth power of the size.
            weight = weight * (128 / setting.size) ** 4
        return {"style_loss": first.lower(), "gram": last or None, "style_weight": weight}
    if first == "TV":
        return {"variation_weight": float(last)}
    return {last: first}


def cells(setting: Setting) -> list[PaintCell]:
    """Return one cell per choice."""
    scales = ((setting.size, setting.steps(200, 80)),)
    fixed_pooling = (
        f"The pooling of encoder '{setting.encoder}' is built in; run `impasto weights fetch vgg19` and use "
        "--encoder vgg19."
    )
    choices = dict.fromkeys(name for names in GROUPS.values() for name in names)
    return [
        PaintCell(
            {"choice": name},
            {**_fields(name, setting), "scales": scales},
            missing=fixed_pooling if "pooling" in name and not setting.vgg else "",
        )
        for name in choices
    ]


def _grouped(rows: Sequence[Row]) -> dict[str, dict[str, Row]]:
    """Return the rows of each group by their caption; groups without a row are left out."""
    groups = {}
    for group, names in GROUPS.items():
        captions = {
            f"{row['choice']}: {row['STYLE']:.2f}, {row['CONTENT']:.2f}, {row['NOISE']:.2f}": row
            for row in rows
            if row["choice"] in names
        }
        if captions:
            groups[group] = captions
    return groups


def figure(data: FigureData) -> Figure:
    """Draw one row of pictures per group."""
    inputs = [Panel(data.content, "content image"), Panel(data.styles[0], "style")]
    groups = _grouped(data.finished)
    grid = [[Panel(row.picture(), caption) for caption, row in rows.items()] for rows in groups.values()]
    return draw([inputs, *grid], labels=["captions:\nSTYLE,\nCONTENT,\nNOISE", *groups])


def notes(rows: Sequence[Row]) -> list[str]:
    """Report the scores by group, and the range of the losses at the start."""
    starts = [row["loss at start"] for row in rows if row["choice"] in (DEFAULT, *WEIGHTS)] or [0.0]
    scores = [
        f"{group.capitalize()} (STYLE, CONTENT, NOISE): {'; '.join(captions)}."
        for group, captions in _grouped(rows).items()
    ]
    return [*scores, f"The style losses at the start lie between {min(starts):.2g} and {max(starts):.2g}."]


STUDY = Study(
    name="losses",
    title="Losses, pooling and starts",
    question="What do other losses, poolings and starts change?",
    source="Gatys et al., CVPR 2016, sections 2, 6; Johnson et al., ECCV 2016, section 3.2; Heitz et al., CVPR 2021",
    claim="Average pooling is slightly more appealing than max pooling. The start changes little, though the content "
    "image biases forms. Total variation smooths. Sliced Wasserstein compares whole distributions, Gram matrices only "
    "second moments.",
    differs="Style weights make every loss about 4 at the start; they were measured once for impasto's plates. The "
    "content weight is then controlled so that all results are equally far from the content image. The Gram losses of "
    "Gatys and of Johnson differ only by a factor of 4.",
    cells=cells,
    measures=("judge", "loss", "cost"),
    columns=("STYLE5", "STYLE", "CONTENT", "NOISE", "seconds"),
    figure=figure,
    notes=notes,
)
