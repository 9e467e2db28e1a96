"""One epoch of a fine-tuning in numbers, and the best epoch with its weights."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Epoch:
    """One line of the learning curves: means over the epoch, and over the held-out pictures after it."""

    epoch: int
    learning_rate: float
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float


@dataclass(frozen=True)
class BestEpoch:
    """The best epoch: its line, its confusion matrix (true class, predicted class), its trained weights."""

    line: Epoch
    confusion: Tensor
    weights: dict[str, Tensor]
