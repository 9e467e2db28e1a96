"""Learning curves as a picture and as TensorBoard events, where the optional parts are installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from impasto.errors import MissingExtraError
from impasto.imaging import atomic_write

History = Sequence[tuple[int, Mapping[str, float]]]
MOST_MARKED = 30


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


def plot_history(path: Path, history: History) -> bool:
    """Draw every figure of `history` by step into a PNG; return False without matplotlib."""
    names = list(history[-1][1]) if history else []
    columns = max(1, len(names))
    figure = new_figure(3.6 * columns, 3.2)
    if figure is None:
        return False
    for axes, name in zip(figure.subplots(1, columns, squeeze=False)[0], names, strict=False):
        points = [(step, figures[name]) for step, figures in history if name in figures]
        axes.plot(*zip(*points, strict=True), marker="." if len(points) < MOST_MARKED else None)
        axes.set(xlabel="step", title=name)
        if min(value for _, value in points) > 0:
            axes.set_yscale("log")
        axes.grid(alpha=0.3)
    return save_figure(figure, path)


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
