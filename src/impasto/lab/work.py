"""Execution contract of a cell: progress, result, and the `Work` protocol. Does not import torch."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class CellProgress:
    """A cell is running; ``seconds_left`` is None while it cannot be estimated."""

    seconds_left: float | None = None


@dataclass(frozen=True)
class CellResult:
    """Result of a cell: a picture (1,3,H,W) in [0, 1], named values, and one line of values per step or epoch."""

    picture: Tensor
    values: dict[str, float]
    trace: list[dict[str, float]]


class Work(Protocol):
    """A cell that is ready to run."""

    @property
    def recipe(self) -> dict[str, Any]:
        """The complete settings, as JSON values."""

    @property
    def identity(self) -> dict[str, Any]:
        """Everything that determines the result, as JSON values: equal identities share one result."""

    def make(self) -> Generator[CellProgress, None, CellResult]:
        """Run the cell, yielding its progress; return the result. Raises `ImpastoError`."""
