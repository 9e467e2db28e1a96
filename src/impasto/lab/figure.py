"""Figures in one plain style: contact sheets of labelled pictures, with curves and bar charts below.

Lengths are in inches. matplotlib is imported only when a figure is drawn.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from impasto.errors import MissingExtraError
from impasto.training.curves import set_log

if TYPE_CHECKING:
    import matplotlib.axes
    import matplotlib.figure

    from impasto.lab.row import Pixels

Figure: TypeAlias = "matplotlib.figure.Figure"
Axes: TypeAlias = "matplotlib.axes.Axes"

WIDTH, GAP, MARGIN = 1.7, 0.08, 0.12
DPI = 150
METADATA: Mapping[str, Any] = {"png": {"Software": "impasto"}, "svg": {"Date": None, "Creator": "impasto"}}
HEADER, CAPTION, LABEL = 0.24, 0.21, 0.95
CHART_WIDTH, CHART_HEIGHT = 3.6, 2.5
LEGEND_LINE, LETTER = 0.15, 0.055
INK, FAINT, PAPER = "#222222", "#bbbbbb", "#ffffff"
COLORS = ("#1f4e79", "#c0562b", "#4f8657", "#8a5a9e", "#a58a1f", "#3f3f3f", "#b03a5b", "#3f8fa5")
STYLE: Any = {
    "font.size": 7.5,
    "font.family": "DejaVu Sans",
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#eeeeee",
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "svg.hashsalt": "impasto",
}


@dataclass(frozen=True)
class Panel:
    """One picture (H, W, 3) of a contact sheet with a caption below; None draws an empty frame."""

    picture: Pixels | None
    caption: str = ""


Grid: TypeAlias = Sequence[Sequence[Panel | None]]


@dataclass(frozen=True)
class Chart:
    """Curves by name, each with its x and y values; curves of at most 30 points have markers."""

    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]]
    x: str
    y: str
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True)
class Bars:
    """One bar per name with its value above it, and a dashed line at ``level``."""

    values: Mapping[str, float]
    y: str
    level: float | None = None


def need_matplotlib() -> None:
    """Raise `MissingExtraError` if matplotlib is not installed."""
    try:
        import matplotlib.figure
    except ImportError:
        raise MissingExtraError("Drawing figures", "lab") from None
    del matplotlib


@dataclass(frozen=True)
class _Layout:
    """Positions on the page in inches, measured from its top left corner."""

    left: float
    top: float
    picture_width: float
    picture_height: float
    row_height: float
    slot: float
    legend: float
    width: float
    height: float

    @classmethod
    def of(
        cls,
        grid: Grid,
        columns: Sequence[str],
        labels: Sequence[str],
        charts: Sequence[Chart | Bars],
        picture_width: float,
    ) -> _Layout:
        """Return the layout of a sheet of pictures above a row of charts."""
        across = max((len(row) for row in grid), default=0)
        picture_height = picture_width * _aspect(grid)
        left = MARGIN + (LABEL if labels else 0)
        top = MARGIN + (HEADER if columns else 0)
        captions = any(panel and panel.caption for row in grid for panel in row)
        row_height = picture_height + (CAPTION if captions else 0) + GAP
        sheet_height = top + len(grid) * row_height if grid else MARGIN
        width = max(left + across * (picture_width + GAP), len(charts) * CHART_WIDTH) + MARGIN
        slot = (width - MARGIN) / max(1, len(charts))
        legend = max((_legend_shape(chart, slot)[0] * LEGEND_LINE for chart in charts), default=0)
        height = sheet_height + (CHART_HEIGHT + legend if charts else 0) + MARGIN
        return cls(left, top, picture_width, picture_height, row_height, slot, legend, width, height)

    def column_left(self, column: int) -> float:
        """Return the left edge of a column of pictures."""
        return self.left + column * (self.picture_width + GAP)


def draw(
    grid: Grid = (),
    *,
    columns: Sequence[str] = (),
    labels: Sequence[str] = (),
    charts: Sequence[Chart | Bars] = (),
    width: float = WIDTH,
) -> Figure:
    """Return a figure: rows of panels under ``columns`` with row ``labels`` on the left, then charts side by side.

    Every panel is ``width`` inches wide and has the aspect ratio of the first picture; None in place of a panel leaves
    its place empty. Raises `MissingExtraError`.
    """
    need_matplotlib()
    from matplotlib import figure as canvas
    from matplotlib import rc_context

    layout = _Layout.of(grid, columns, labels, charts, width)
    with rc_context(STYLE):
        figure = canvas.Figure(figsize=(layout.width, layout.height), facecolor=PAPER)
        _draw_headings(figure, layout, columns, labels)
        for row, panels in enumerate(grid):
            y = layout.top + row * layout.row_height + layout.picture_height
            for column, panel in enumerate(panels):
                box = (
                    layout.column_left(column) / layout.width,
                    1 - y / layout.height,
                    width / layout.width,
                    layout.picture_height / layout.height,
                )
                if panel is not None:
                    _draw_panel(figure, panel, box)
        for number, chart in enumerate(charts):
            _draw_chart(figure, layout, number, chart)
    return figure


def _draw_headings(figure: Figure, layout: _Layout, columns: Sequence[str], labels: Sequence[str]) -> None:
    for number, name in enumerate(columns):
        x = layout.column_left(number) + layout.picture_width / 2
        y = MARGIN + HEADER / 2
        figure.text(x / layout.width, 1 - y / layout.height, name, ha="center", va="center", fontsize=8.5)
    for row, label in enumerate(labels):
        x = layout.left - 0.1
        y = layout.top + row * layout.row_height + layout.picture_height - layout.picture_height / 2
        figure.text(x / layout.width, 1 - y / layout.height, label, ha="right", va="center", fontsize=8.5)


def _draw_chart(figure: Figure, layout: _Layout, number: int, chart: Chart | Bars) -> None:
    left, bottom = number * layout.slot + 0.62, MARGIN + layout.legend + 0.42
    axes = figure.add_axes(
        (
            left / layout.width,
            bottom / layout.height,
            (layout.slot - 0.8) / layout.width,
            (CHART_HEIGHT - 0.72) / layout.height,
        )
    )
    if isinstance(chart, Bars):
        _bars(axes, chart)
    else:
        _curves(axes, chart)
    legend_columns = _legend_shape(chart, layout.slot)[1]
    if legend_columns:
        anchor = (
            (number + 0.5) * layout.slot / layout.width,
            (MARGIN + layout.legend) / layout.height,
        )
        axes.legend(
            loc="upper center",
            bbox_to_anchor=anchor,
            bbox_transform=figure.transFigure,
            ncols=legend_columns,
            fontsize=6.5,
            borderaxespad=0,
            columnspacing=1.2,
        )


def save(figure: Figure, stem: Path, kinds: Sequence[str] = tuple(METADATA)) -> None:
    """Write a figure as ``stem``.png and ``stem``.svg, or only as one of these ``kinds``; raises `OutputError`.

    The same figure gives the same bytes.
    """
    from matplotlib import rc_context

    from impasto.imaging import write_bytes_atomic

    for kind in kinds:
        data = io.BytesIO()
        with rc_context(STYLE):
            figure.savefig(data, format=kind, dpi=DPI, metadata=METADATA[kind])
        write_bytes_atomic(stem.with_suffix(f".{kind}"), data.getvalue())


def _aspect(grid: Grid) -> float:
    for row in grid:
        for panel in row:
            if panel is not None and panel.picture is not None:
                return float(panel.picture.shape[0] / panel.picture.shape[1])
    return 0.75


def _draw_panel(figure: Figure, panel: Panel, box: tuple[float, float, float, float]) -> None:
    axes = figure.add_axes(box)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    for side in axes.spines.values():
        side.set_visible(panel.picture is None)
    if panel.picture is None:
        axes.text(0.5, 0.5, "missing", ha="center", va="center", color=FAINT)
    else:
        axes.imshow(panel.picture, interpolation="lanczos", aspect="equal")
    if panel.caption:
        axes.set_xlabel(panel.caption, labelpad=3, fontsize=7)


def _legend_shape(chart: Chart | Bars, width: float) -> tuple[int, int]:
    """Return rows and columns of a chart's legend; (0, 0) for bars or a single curve."""
    if isinstance(chart, Bars) or len(chart.lines) < 2:
        return 0, 0
    columns = max(1, min(len(chart.lines), int(width / (0.5 + LETTER * max(map(len, chart.lines))))))
    return math.ceil(len(chart.lines) / columns), columns


def _curves(axes: Axes, chart: Chart) -> None:
    for index, (name, (x, y)) in enumerate(chart.lines.items()):
        mark = "o" if len(x) <= 30 else ""
        axes.plot(x, y, marker=mark, markersize=3, color=COLORS[index % len(COLORS)], label=name)
    for log, axis in ((chart.log_x, "x"), (chart.log_y, "y")):
        if log:
            set_log(axes, axis)
    axes.set_xlabel(chart.x)
    axes.set_ylabel(chart.y)


def _bars(axes: Axes, chart: Bars) -> None:
    drawn = axes.bar([*chart.values], [*chart.values.values()], width=0.6, color=COLORS[: len(chart.values)])
    axes.bar_label(drawn, fmt="%.3g", fontsize=7, padding=2)
    axes.grid(False, axis="x")
    axes.set_axisbelow(True)
    axes.margins(y=0.12)
    if chart.level is not None:
        axes.axhline(chart.level, color=INK, linewidth=0.8, linestyle="--")
    axes.set_ylabel(chart.y)
