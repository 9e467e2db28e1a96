"""Plots of a fine-tuning: learning curves and the confusion matrix, where matplotlib (extra `lab`) is installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from impasto.encoder_training.finetune.epoch import Epoch
from impasto.training.curves import new_figure, save_figure

MOST_NUMBERED = 30


def plot_curves(path: Path, history: Sequence[Epoch], best: int) -> bool:
    """Draw loss and accuracy by epoch into a PNG, the `best` epoch marked; return False without matplotlib."""
    figure = new_figure(9, 3.6)
    if figure is None:
        return False
    epochs = [epoch.epoch for epoch in history]
    for axes, metric in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for part in ("train", "validation"):
            values = [getattr(epoch, f"{part}_{metric}") for epoch in history]
            axes.plot(epochs, values, marker="o", label=part)
        axes.axvline(best, color="0.7", linestyle=":", label="best")
        axes.set(xlabel="epoch", title=metric, xlim=(0.5, max(2, len(epochs)) + 0.5))
        axes.grid(alpha=0.3)
    axes.set_ylim(0, 1.02)
    axes.legend()
    return save_figure(figure, path)


def plot_confusion(path: Path, matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> bool:
    """Draw the confusion matrix (true, predicted) as shares of each row; return False without matplotlib."""
    side = min(24.0, 2.5 + 0.42 * len(classes))
    figure = new_figure(side + 1, side)
    if figure is None:
        return False
    # A folder may be called $x$: escape what matplotlib would read as mathematics.
    names = [name.replace("$", r"\$") for name in classes]
    axes = figure.subplots()
    shares = [[value / max(1, sum(row)) for value in row] for row in matrix]
    image = axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    figure.colorbar(image, ax=axes, fraction=0.046)
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="predicted", ylabel="true", title="held-out pictures")
    if len(names) <= MOST_NUMBERED:
        for y, row in enumerate(matrix):
            for x, value in enumerate(row):
                if value:
                    shade = "white" if shares[y][x] > 0.5 else "black"
                    axes.text(x, y, str(value), ha="center", va="center", fontsize=7, color=shade)
    return save_figure(figure, path)
