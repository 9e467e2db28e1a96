"""Mixing weight gamma of two styles, without balance, with it, and with the published rule."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import exp, log, nan
from typing import Any

from impasto.lab.cells import PaintCell
from impasto.lab.figure import Chart, Figure, Panel, draw
from impasto.lab.row import FigureData, Row, grouped
from impasto.lab.setting import Setting
from impasto.lab.study import Study

RATIO = "RI 1 / RI 2"
UNBALANCED, BALANCED, ONCE = "unbalanced", "balanced", "balanced once"
GAMMAS = tuple(step / 10 for step in range(11))


def cells(setting: Setting) -> list[PaintCell]:
    """Return the grid of gammas, without and with balance, and the published balance at gamma .5."""
    fields: dict[str, Any] = {"scales": ((setting.size, setting.steps(200, 60)),)}
    if setting.vgg:
        preset = "mixed"
    else:
        preset = "impasto"
        fields |= {"hold": False, "views": 1}

    def cell(mode: str, gamma: float) -> PaintCell:
        recipe = {**fields, "mix": gamma, "balance": mode == BALANCED}
        return PaintCell(
            {"styles": mode, "gamma": gamma}, recipe, preset, styles=(0, 1), balance_once=mode == ONCE
        )

    grid = [cell(mode, gamma) for mode in (UNBALANCED, BALANCED) for gamma in GAMMAS]
    return [*grid, cell(ONCE, 0.5)]


def figure(data: FigureData) -> Figure:
    """Draw the pictures, each style's loss without its factors gamma and sigma, its RI, and the ratio of both RI."""
    gammas = data.coordinates("gamma")
    modes = {mode: {row["gamma"]: row for row in rows} for mode, rows in grouped(data.rows, "styles").items()}
    grid = [
        [
            Panel(data.styles[1]),
            *(_panel(rows[gamma]) if gamma in rows else None for gamma in gammas),
            Panel(data.styles[0]),
        ]
        for rows in modes.values()
    ]
    losses, improvements = {}, {}
    for style in (1, 2):
        losses[f"style {style}, start"] = _curve(data, UNBALANCED, f"style {style} at start")
        for mode in (UNBALANCED, BALANCED):
            losses[f"style {style}, end, {mode}"] = _curve(data, mode, f"style {style} at end")
            improvements[f"RI {style}, {mode}"] = _curve(data, mode, f"RI {style}")
    ratios = {mode: _curve(data, mode, RATIO) for mode in modes}
    charts = [
        Chart(losses, "gamma", "style loss", log_y=True),
        Chart(improvements, "gamma", "RI: loss at start / loss at end", log_y=True),
        Chart({"equal": ((0, 1), (1, 1)), **ratios}, "gamma", RATIO, log_y=True),
    ]
    columns = ["style 2", *(f"gamma {gamma:g}" for gamma in gammas), "style 1"]
    return draw(grid, columns=columns, labels=[*modes], charts=charts)


def _panel(row: Row) -> Panel:
    return Panel(row.picture(), f"RI {row['RI 1']:.3g}, {row['RI 2']:.3g}; ratio {row[RATIO]:.3g}")


def _curve(data: FigureData, mode: str, name: str) -> tuple[list[float], list[float]]:
    """Return gammas and values of the finished cells of a mode."""
    rows = [row for row in data.finished if row["styles"] == mode]
    return [row["gamma"] for row in rows], [row[name] for row in rows]


def notes(rows: Sequence[Row]) -> list[str]:
    """Report where both styles improve equally, both balances at gamma 0.5, and the symmetry about it."""
    modes = {mode: {row["gamma"]: row for row in group} for mode, group in grouped(rows, "styles").items()}
    unbalanced, balanced = (
        {gamma: log(row[RATIO]) for gamma, row in modes.get(mode, {}).items()}
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
    halves = [_half(mode, group[0.5]) for mode, group in modes.items() if 0.5 in group]
    return [
        f"Unbalanced, both styles improve equally at gamma {crossing} (interpolated).",
        *halves,
        "Balanced, the ratios at gamma and 1 - gamma multiply to 1 within a factor of "
        f"{exp(asymmetry):.2f}; 1 is perfect symmetry.",
    ]


def _half(mode: str, row: Row) -> str:
    """Report sigma 2, both RI and their ratio at gamma .5."""
    within = "within" if abs(row[RATIO] - 1) <= 0.05 else "not within"
    return (
        f"{mode.capitalize()}, at gamma .5: sigma 2 = {row['sigma 2']:.3f}, RI 1 = {row['RI 1']:.3g}, RI 2 = "
        f"{row['RI 2']:.3g}, {RATIO} = {row[RATIO]:.3f}, {within} 5 % of 1."
    )


STUDY = Study(
    name="gamma-sweep",
    title="Two styles from one to the other",
    question="How do two styles share a picture at every gamma?",
    source="Mixed neural style transfer with two style images",
    claim="The loss is alpha content + beta (gamma sigma1 style1 + (1 - gamma) sigma2 style2). RI is a style's loss at "
    "the start divided by its loss at the end. Without balance one style dominates: both RI were equal at a gamma of "
    "about .34. Balance, sigma1 = 1 and sigma2 = sqrt(RI1 / RI2), makes them equal at .5, within 5 %.",
    differs="Balanced: impasto determines the factors while it paints; for gammas other than .5, in a short "
    "calibration run before. Balanced once: the source's rule, with the RI of one unbalanced run at gamma .5. Through "
    "VGG-19 the preset is `mixed`; other encoders use the losses of the default preset at one scale, without holding "
    "the content distance.",
    cells=cells,
    measures=("style_losses", "improvements", "judge"),
    columns=(
        "style 1 at start",
        "style 1 at end",
        "style 2 at start",
        "style 2 at end",
        "RI 1",
        "RI 2",
        RATIO,
        "sigma 2",
        "STYLE 1",
        "STYLE 2",
    ),
    styles=2,
    figure=figure,
    notes=notes,
)
