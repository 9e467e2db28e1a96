"""What decides a distillation. Importing this module does not import torch: the command line reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def _setting(default: Any, text: str, least: float) -> Any:
    return field(default=default, metadata={"help": text, "least": least})


@dataclass(frozen=True)
class DistillSettings:
    """Everything that decides a distillation, apart from the pictures and the teacher.

    Each field's metadata has its description ("help") and its smallest value ("least").
    """

    steps: int = _setting(6500, "Training steps.", 1)
    batch: int = _setting(8, "Crops in a batch.", 1)
    size: int = _setting(192, "Side of a crop in pixels.", 32)
    reuse: int = _setting(2, "Of so many steps one gets a fresh batch.", 1)
    replay: int = _setting(80, "Batches kept for the other steps.", 1)
    kernel_rate: float = _setting(0.02, "Learning rate of the kernels (Muon).", 0)
    other_rate: float = _setting(0.002, "Learning rate of everything else (Adam).", 0)
    warmup: int = _setting(50, "Steps over which the rates rise.", 1)
    constant: float = _setting(0.45, "Share of the run after which the rates begin to fall.", 0)
    policy_from: float = _setting(0.15, "Share of the run after which the student's own pictures join in.", 0)
    policy_every: int = _setting(100, "Steps between two refreshes of those pictures.", 1)
    policy_share: float = _setting(0.4, "Share of a batch drawn from those pictures.", 0)
    policy_capacity: int = _setting(400, "How many of those pictures are kept.", 1)
    layer_weights: str = _setting(
        "relu1_1:3,relu2_1:2,relu3_1:2,relu4_1:2.5,relu4_2:1.5,relu5_1:.6",
        "Weights of the layers; they keep deep ones, which leave more unexplained, from crowding out the first.",
        0,
    )
    seed: int = _setting(0, "Seed of everything random.", 0)
