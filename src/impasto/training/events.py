"""Events of a training: plain values on a stream, the same for every task and every consumer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class StepDone:
    """One optimizer step is done: `step` of `steps`, counted from 1, with the figures of this step.

    `seconds` have passed since the run was started or resumed; `seconds_left` is an estimate.
    """

    step: int
    steps: int
    figures: Mapping[str, float]
    seconds: float
    seconds_left: float


@dataclass(frozen=True)
class Logged:
    """Means of the figures over the steps since the last log line; `step`, `seconds` as in `StepDone`."""

    step: int
    steps: int
    figures: Mapping[str, float]
    seconds: float
    seconds_left: float


@dataclass(frozen=True)
class Evaluated:
    """The task was measured on held-out data after `step`; `best` marks the best evaluation so far."""

    step: int
    figures: Mapping[str, float]
    best: bool = False


TrainingEvent = StepDone | Logged | Evaluated
