"""Types of the settings that several trainings have; importing this module does not import torch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

_STEPS = Field(ge=1, le=10_000_000)
Steps = Annotated[int, _STEPS]
StepsOrNone = Annotated[int | None, _STEPS]
MinutesOrNone = Annotated[float | None, Field(gt=0, le=1e6, allow_inf_nan=False)]
LearningRate = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
LossWeight = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
ShareBelow1 = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, lt=2**63, description="Seed of everything random.")]
# Not mps: the targets need float64 (`training.device.ComputeDevice`).
DeviceName = Annotated[str, Field(description="auto, cpu, cuda or cuda:1.")]
Precision = Annotated[
    Literal["auto", "float32", "bfloat16"],
    Field(description="Number format of the networks; weights stay float32."),
]
