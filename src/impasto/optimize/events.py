"""Events of a run, the same for every consumer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from impasto.guidance.result import Result
    from impasto.optimize.memory import ScalePlan
    from impasto.optimize.plan import Plan


@dataclass(frozen=True)
class Started:
    """The run begins with ``plan``; a resumed run has done ``resumed_step`` steps already."""

    plan: Plan
    resumed_step: int = 0


@dataclass(frozen=True)
class Balancing:
    """One step of the calibration run is done. ``sigmas`` are the factors on the styles' losses so far.

    ``step`` counts from 1 to ``steps``.
    """

    step: int
    steps: int
    sigmas: tuple[float, ...]


@dataclass(frozen=True)
class ScaleStarted:
    """Scale ``index`` (from 0) begins."""

    index: int
    scale: ScalePlan


@dataclass(frozen=True)
class Stepped:
    """One optimiser step is done.

    ``step`` counts within the scale and ``total`` over the run, both from 1. ``terms`` are the weighted terms by name;
    they add up to ``loss``.
    """

    scale: int
    step: int
    total: int
    loss: float
    terms: Mapping[str, float]
    seconds_left: float


@dataclass(frozen=True)
class Recovered:
    """The optimisation diverged; the run continues from an earlier step with a smaller learning rate."""

    message: str
    total: int
    learning_rate: float


@dataclass(frozen=True)
class Preview:
    """The current picture, float32 (1,3,h,w) in [0,1], at the size of the scale."""

    pixels: Tensor
    total: int


@dataclass(frozen=True)
class ScaleDone:
    """Scale ``index`` is finished."""

    index: int
    scale: ScalePlan
    seconds: float


@dataclass(frozen=True)
class Finished:
    """The run is finished."""

    result: Result


Event = Started | Balancing | ScaleStarted | Stepped | Recovered | Preview | ScaleDone | Finished
