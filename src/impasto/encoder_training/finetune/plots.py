"""Plots of a fine-tuning, where matplotlib (extra `lab`) is installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.imaging import atomic_write

if TYPE_CHECKING:
    from impasto.encoder_training.finetune.task import Epoch


def plot_curves(path: Path, history: Sequence[Epoch], best: int) -> bool:
    """Draw loss and accuracy by epoch into a PNG, the `best` epoch marked; return False without matplotlib."""
    figure = _figure(9, 3.6)
    if figure is None:
        return False
    epochs = [line.epoch for line in history]
    for axes, what in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for part in ("train", "validation"):
            axes.plot(epochs, [getattr(line, f"{part}_{what}") for line in history], marker="o", label=part)
        axes.axvline(best, color="0.7", linestyle=":", label="best")
        axes.set(xlabel="epoch", title=what, xlim=(0.5, max(2, len(epochs)) + 0.5))
        axes.grid(alpha=0.3)
    axes.set_ylim(0, 1.02)
    axes.legend()
    return _save(figure, path)


def plot_confusion(path: Path, matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> bool:
    """Draw the confusion matrix (true, predicted) as shares of each row; return False without matplotlib."""
    side = min(24.0, 2.5 + 0.42 * len(classes))
    figure = _figure(side + 1, side)
    if figure is None:
        return False
    # A folder may be called $x$ or anything else; names are shown as they are.
    names = [name.replace("$", r"\$") for name in classes]
    axes = figure.subplots()
    shares = [[value / max(1, sum(row)) for value in row] for row in matrix]
    image = axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    figure.colorbar(image, ax=axes, fraction=0.046)
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="predicted", ylabel="true", title="pictures held out")
    if len(names) <= 30:
        for y, row in enumerate(matrix):
            for x, value in enumerate(row):
                if value:
                    shade = "white" if shares[y][x] > 0.5 else "black"
                    axes.text(x, y, str(value), ha="center", va="center", fontsize=7, color=shade)
    return _save(figure, path)


def _figure(width: float, height: float) -> Any:
    """Return an empty figure, or None without matplotlib; no window system and no global state is touched."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None
    return Figure(figsize=(width, height), layout="constrained")


def _save(figure: Any, path: Path) -> bool:
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png", bbox_inches="tight")
    return True
