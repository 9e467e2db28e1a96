"""Figures of an epoch of a fine-tuning, and the best epoch with its weights."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass
class EpochSums:
    """Sums over the training pictures of an epoch so far."""

    samples: int = 0
    loss_sum: float = 0.0
    correct: int = 0

    def add(self, samples: int, loss: float, correct: int) -> None:
        """Add a batch of `samples` pictures: its mean loss and how many were classified correctly."""
        self.samples += samples
        self.loss_sum += loss * samples
        self.correct += correct

    @property
    def loss(self) -> float:
        """Mean loss."""
        return self.loss_sum / self.samples

    @property
    def accuracy(self) -> float:
        """Share of pictures that were classified correctly."""
        return self.correct / self.samples


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
