"""Losses by step as a picture and as TensorBoard events, where the optional parts are installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from impasto.errors import MissingExtraError
from impasto.imaging import atomic_write

History = Sequence[tuple[int, dict[str, float]]]


def plot_curve(path: Path, history: History) -> bool:
    """Draw every figure of `history` by step into a PNG; return False without matplotlib (extra `lab`)."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    names = list(history[-1][1]) if history else []
    figure = Figure(figsize=(3.6 * max(1, len(names)), 3.2), layout="constrained")
    for axes, name in zip(figure.subplots(1, max(1, len(names)), squeeze=False)[0], names, strict=False):
        points = [(step, figures[name]) for step, figures in history if name in figures]
        axes.plot(*zip(*points, strict=True), marker="." if len(points) < 30 else None)
        axes.set(xlabel="step", title=name)
        if min(value for _, value in points) > 0:
            axes.set_yscale("log")
        axes.grid(alpha=0.3)
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png")
    return True


class Board:
    """Writes figures as TensorBoard events into `folder`; without one it writes nothing.

    Raises MissingExtraError if TensorBoard (extra `train`) is not installed. Use as a context manager.
    """

    def __init__(self, folder: Path | None) -> None:
        self.writer: Any = None
        if folder is None:
            return
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise MissingExtraError("--tensorboard", "train") from error
        self.writer = SummaryWriter(str(folder))

    def add(self, step: int, figures: dict[str, float]) -> None:
        """Write the figures of a step."""
        if self.writer is not None:
            for name, value in figures.items():
                self.writer.add_scalar(f"train/{name}", value, step)

    def __enter__(self) -> Board:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.writer is not None:
            self.writer.close()
