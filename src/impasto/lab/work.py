"""What every kind of cell has in common: it is opened, told apart by what decides it, made, and leaves the same things.

Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import Tensor

    from impasto.lab.run import Laboratory
    from impasto.lab.study import Study


@dataclass(frozen=True)
class Going:
    """A cell is being made; ``seconds_left`` of it is None where that is not known."""

    seconds_left: float | None = None


@dataclass(frozen=True)
class Made:
    """What a finished cell leaves: a picture (1,3,H,W) in [0, 1], named values, and a line a step of its course."""

    picture: Tensor
    values: dict[str, float]
    trace: list[dict[str, float]]


class Work(Protocol):
    """A cell that is ready to be made."""

    @property
    def recipe(self) -> dict[str, Any]:
        """Everything that was chosen, as JSON values."""

    @property
    def identity(self) -> dict[str, Any]:
        """Everything that decides the outcome, as JSON values: works with equal ones are made once."""

    def make(self) -> Generator[Going, None, Made]:
        """Yield while it is being made and return it; raises `ImpastoError` where it cannot be made."""


class AnyCell(Protocol):
    """One cell of a study, of any kind; `impasto.lab.study` has the kinds."""

    @property
    def key(self) -> Mapping[str, str | int | float]:
        """Its coordinates in the grid."""

    @property
    def missing(self) -> str:
        """Why it cannot be made here, empty if it can."""

    def open(self, study: Study, laboratory: Laboratory) -> Work:
        """Return its work; raises `ImpastoError` where it cannot be made."""

    def conditions(self, laboratory: Laboratory) -> str:
        """Return in sentences under which conditions it is made, for the report."""
