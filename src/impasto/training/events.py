"""Events of a training: plain values on a stream, the same for every task and every consumer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class StepDone:
    """One optimizer step is done: `step` of `steps`, counted from 1, with the figures of this step.

    `steps` is None where time limits the training. `seconds` is the wall time of all steps so far, those before a
    resume included; `seconds_left` is an estimate, and 0 after the last step.
    """

    step: int
    steps: int | None
    figures: Mapping[str, float]
    seconds: float
    seconds_left: float


@dataclass(frozen=True)
class Logged:
    """Means of the figures over the steps since the last log line; the other fields are those of `StepDone`."""

    step: int
    steps: int | None
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
