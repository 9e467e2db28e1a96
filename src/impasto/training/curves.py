"""Learning curves as CSV, and as a picture and TensorBoard events where the optional parts are installed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from impasto.errors import MissingExtraError
from impasto.imaging import atomic_write, write_text_atomic

History = Sequence[tuple[int, Mapping[str, float]]]
# Figures of a history that are no parts of the loss.
FACTOR = "learning_rate_factor"
NO_PARTS = ("loss", "gradient", "content_weight", FACTOR)
# Smaller parts would only stretch the axis.
LEAST_PART = 0.01
# The share of a run over which its curves are smoothed.
WINDOW = 0.08
MOST_MARKED = 5
LOSS_COLOR, PART_COLORS = "#1f4e79", ("#c0562b", "#4f8657", "#8a5a9e", "#a58a1f", "#3f8fa5", "#b03a5b")


def new_figure(width: float, height: float) -> Any:
    """Return an empty matplotlib figure in inches, or None without matplotlib (extra `lab`).

    No window system and no global state of matplotlib is touched.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None
    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Any, path: Path) -> bool:
    """Write a figure as PNG, atomically; return True."""
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png", bbox_inches="tight")
    return True


def write_curve(table: Path, picture: Path, history: History, name: str) -> bool:
    """Write the history of the network `name` as CSV and, as `plot_history`, as PNG.

    Returns False without matplotlib: then only the CSV is written.
    """
    names = list(dict.fromkeys(key for _, figures in history for key in figures))
    rows = (
        [step, *(f"{figures[key]:.6g}" if key in figures else "" for key in names)]
        for step, figures in history
    )
    write_text_atomic(table, csv_text([["step", *names], *rows]))
    return plot_history(picture, history, name)


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def plot_history(path: Path, history: History, name: str) -> bool:
    """Draw the loss of the network `name` and its parts by step into a PNG; return False without matplotlib.

    Curves are smoothed, the loss is also drawn as it was. The learning rate has an axis of its own.
    """
    figure = new_figure(8, 4.5)
    if figure is None:
        return False
    axes = figure.subplots()
    axes.set_title(f"{name}: learning curve".replace("$", r"\$"), loc="left")
    axes.set(xlabel="step", ylabel="loss, and its unweighted parts")
    curves = {key: curve for key in ("loss", *parts(history)) if (curve := series(history, key))[0]}
    for color, (key, (steps, values)) in zip((LOSS_COLOR, *PART_COLORS), curves.items(), strict=False):
        if key == "loss":
            axes.plot(steps, values, color=color, alpha=0.25, linewidth=1)
        style = {"linewidth": 2.2 if key == "loss" else 1.3, "label": key.replace("_", " "), "color": color}
        axes.plot(steps, smoothed(values), marker="o" if len(steps) <= MOST_MARKED else "", **style)
    drawn = [value for _, values in curves.values() for value in values]
    if drawn and min(drawn) > 0 and max(drawn) > 10 * min(drawn):
        set_log(axes, "y")
    axes.set_xlim(0, history[-1][0] if history else 1)
    axes.grid(alpha=0.3)
    _draw_learning_rate(axes, *series(history, FACTOR))
    figure.legend(loc="outside lower center", ncols=len(curves) + 1, frameon=False)
    return save_figure(figure, path)


def _draw_learning_rate(axes: Any, steps: Sequence[int], factors: Sequence[float]) -> None:
    """Draw the learning rate faintly on an axis at the right, behind the losses."""
    twin = axes.twinx()
    twin.fill_between(steps, factors, color="0.5", alpha=0.1, linewidth=0, label="learning rate")
    twin.set(ylim=(0, 1.05), ylabel="learning rate / its largest")
    twin.tick_params(axis="y", colors="0.55")
    twin.yaxis.label.set_color("0.55")
    twin.set_zorder(axes.get_zorder() - 1)
    twin.patch.set_visible(True)
    axes.patch.set_visible(False)


def set_log(axes: Any, axis: str) -> None:
    """Make the axis "x" or "y" logarithmic, with short numbers: "4 x 10^0" would push the label out of the figure."""
    from matplotlib.ticker import LogFormatter

    axes.set(**{f"{axis}scale": "log"})
    ticks = getattr(axes, f"{axis}axis")
    ticks.set_major_formatter(LogFormatter())
    ticks.set_minor_formatter(LogFormatter(minor_thresholds=(1.5, 0.5)))


def parts(history: History) -> list[str]:
    """Return the figures of a history that are parts of the loss and can be seen beside it, largest first."""
    largest: dict[str, float] = {}
    for _, figures in history:
        for name, value in figures.items():
            largest[name] = max(largest.get(name, 0.0), value)
    least = LEAST_PART * largest.get("loss", 0.0)
    seen = [name for name, value in largest.items() if name not in NO_PARTS and value > least]
    return sorted(seen, key=lambda name: -largest[name])


def series(history: History, name: str) -> tuple[list[int], list[float]]:
    """Return the steps at which a figure was logged, and its values."""
    points = [(step, figures[name]) for step, figures in history if name in figures]
    return [step for step, _ in points], [value for _, value in points]


def smoothed(values: Sequence[float]) -> list[float]:
    """Return the centred moving mean of the centred moving mean, each over `WINDOW` of all values.

    Together their weights fall linearly to both sides. At the ends of the run the windows are cut off.
    """
    reach = round(WINDOW * len(values) / 2)
    for _ in range(2):
        windows = [values[max(0, index - reach) : index + reach + 1] for index in range(len(values))]
        values = [sum(window) / len(window) for window in windows]
    return list(values)


def require_tensorboard(folder: Path | None) -> None:
    """Raise MissingExtraError if events are to be written to `folder` and TensorBoard (extra `train`) is missing."""
    if folder is None:
        return
    try:
        import torch.utils.tensorboard  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("--tensorboard", "train") from error


class TensorBoardLog:
    """Writes figures as TensorBoard events into `folder`; without a folder it writes nothing.

    Use it as a context manager. Raises MissingExtraError if TensorBoard (extra `train`) is not installed.
    """

    def __init__(self, folder: Path | None, first_step: int = 0) -> None:
        """Open the log; events of an earlier run after `first_step` are dropped."""
        self.writer: Any = None
        if folder is None:
            return
        require_tensorboard(folder)
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(folder), purge_step=first_step + 1 if first_step else None)

    def add(self, step: int, figures: Mapping[str, float]) -> None:
        """Write the figures of a step."""
        if self.writer is not None:
            for name, value in figures.items():
                self.writer.add_scalar(f"train/{name}", value, step)

    def __enter__(self) -> TensorBoardLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.writer is not None:
            self.writer.close()
