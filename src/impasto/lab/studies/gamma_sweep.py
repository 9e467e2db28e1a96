"""Mixing weight gamma of two styles, with and without balance."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import exp, log, nan
from typing import Any

from impasto.lab.cells import PaintCell
from impasto.lab.figure import Chart, Figure, Panel, draw
from impasto.lab.row import FigureData, Row
from impasto.lab.setting import Setting
from impasto.lab.study import Study

RATIO = "RI 1 / RI 2"
UNBALANCED, BALANCED = "unbalanced", "balanced"


def cells(setting: Setting) -> list[PaintCell]:
    """Return the grid of gammas, without and with balance."""
    fields: dict[str, Any] = {"scales": ((setting.size, setting.steps(200, 60)),)}
    if setting.vgg:
        preset = "mixed"
    else:
        preset = "impasto"
        fields |= {"hold": False, "views": 1}
    gammas = [percent / 100 for percent in range(0, 101, setting.choose(10, 25))]
    return [
        PaintCell(
            {"styles": mode, "gamma": gamma},
            {**fields, "mix": gamma, "balance": mode == BALANCED},
            preset,
            styles=(0, 1),
        )
        for mode in (UNBALANCED, BALANCED)
        for gamma in gammas
    ]


def figure(data: FigureData) -> Figure:
    """Draw the pictures, each style's loss without its factors gamma and sigma, and the ratio RI 1 / RI 2."""
    gammas = data.coordinates("gamma")
    modes = {
        mode: [data.find(styles=mode, gamma=gamma) for gamma in gammas] for mode in (UNBALANCED, BALANCED)
    }
    grid = [
        [
            Panel(data.styles[1]),
            *(Panel(row.picture(), f"{RATIO} = {row[RATIO]:.2f}") for row in rows),
            Panel(data.styles[0]),
        ]
        for rows in modes.values()
    ]
    ratios = {mode: (gammas, [row[RATIO] for row in rows]) for mode, rows in modes.items()}
    charts = [
        Chart(_style_losses(data, modes, gammas), "gamma", "style loss"),
        Chart({**ratios, "equal": ((0, 1), (1, 1))}, "gamma", RATIO, log_y=True),
    ]
    columns = ["style 2", *(f"gamma {gamma:g}" for gamma in gammas), "style 1"]
    return draw(grid, columns=columns, labels=[*modes], charts=charts)


def _style_losses(
    data: FigureData, modes: dict[str, list[Row]], gammas: Sequence[float]
) -> dict[str, tuple[Sequence[float], list[float]]]:
    """Return each style's own loss at the start and at the end, against gamma."""
    trace = data.find(styles=UNBALANCED, gamma=0.5).trace() or [{}]
    curves: dict[str, tuple[Sequence[float], list[float]]] = {}
    for style in (1, 2):
        weighted = sum(value for name, value in trace[0].items() if name.startswith(f"style{style}/"))
        start = weighted / 0.5
        curves[f"style {style}, start"] = (gammas, [start] * len(gammas))
        for mode, rows in modes.items():
            curves[f"style {style}, {mode}"] = (gammas, [start / row[f"RI {style}"] for row in rows])
    return curves


def notes(rows: Sequence[Row]) -> list[str]:
    """Report where both styles improve equally, the ratio at gamma 0.5, and the symmetry about it."""
    unbalanced, balanced = (
        {row["gamma"]: log(row[RATIO]) for row in rows if row["styles"] == mode}
        for mode in (UNBALANCED, BALANCED)
    )
    crossings = [
        left + (right - left) * low / (low - high)
        for (left, low), (right, high) in pairwise(unbalanced.items())
        if (low < 0) != (high < 0)
    ]
    crossing = " and ".join(f"{gamma:.2f}" for gamma in crossings) or "none"
    asymmetry = max(
        (abs(ratio + balanced.get(round(1 - gamma, 2), nan)) for gamma, ratio in balanced.items()),
        default=nan,
    )
    unbalanced_half, balanced_half = exp(unbalanced.get(0.5, nan)), exp(balanced.get(0.5, nan))
    within = "within" if abs(balanced_half - 1) <= 0.05 else "not within"
    return [
        f"Unbalanced, both styles improve equally at gamma {crossing} (interpolated), and the ratio at .5 is "
        f"{unbalanced_half:.3f}.",
        f"Balanced, the ratio at .5 is {balanced_half:.3f}: {within} 5 % of 1.",
        f"Balanced, the ratios at gamma and 1 - gamma multiply to 1 within a factor of {exp(asymmetry):.2f}; 1 is "
        "perfect symmetry.",
    ]


STUDY = Study(
    name="gamma-sweep",
    title="Two styles from one to the other",
    question="How do two styles share a picture at every gamma?",
    source="Mixed neural style transfer with two style images",
    claim="The loss is alpha content + beta (gamma sigma1 style1 + (1 - gamma) sigma2 style2). RI is a style's loss at "
    "the start divided by its loss at the end. Without balance one style dominates: both RI were equal at a gamma of "
    "about .34. Balance, sigma1 = 1 and sigma2 = sqrt(RI1 / RI2), makes them equal at .5, within 5 %.",
    differs="impasto determines the factors while it paints; for gammas other than .5, in a short calibration run "
    "before. Through VGG-19 the preset is `mixed`; other encoders use the losses of the default preset at one scale, "
    "without holding the content distance.",
    cells=cells,
    measures=("improvements", "judge"),
    columns=("RI 1", "RI 2", RATIO, "sigma 2", "STYLE 1", "STYLE 2"),
    styles=2,
    figure=figure,
    notes=notes,
)
