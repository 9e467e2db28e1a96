"""The training program behind `impasto finetune`: a generator of events, resumable bit for bit."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.encoder_training.finetune.augment import centre_batch, epoch_order, training_batch
from impasto.encoder_training.finetune.class_folders import ClassPictures
from impasto.encoder_training.finetune.classifier import Classifier, trained_parameters
from impasto.encoder_training.finetune.settings import FinetuneSettings
from impasto.encoders import best_precision
from impasto.errors import DivergedError

CALIBRATION = 512
MOST_GRADIENT = 1.0


@dataclass(frozen=True)
class Epoch:
    """One line of the learning curves: means over the epoch, and over the pictures held out after it."""

    epoch: int
    rate: float
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float


@dataclass(frozen=True)
class StepDone:
    """One step is done: where the run stands, the epoch's loss and accuracy so far, seconds left."""

    epoch: int
    done: int
    total: int
    loss: float
    accuracy: float
    seconds_left: float


@dataclass(frozen=True)
class EpochDone:
    """One epoch is done and measured; `best` if it is the best so far."""

    line: Epoch
    best: bool


@dataclass(frozen=True)
class Best:
    """The best epoch: its line, its confusion matrix (true class, predicted class), its trained weights."""

    line: Epoch
    confusion: Tensor
    weights: dict[str, Tensor]


def rate_factor(step: int, total: int, warmup: float) -> float:
    """Return the factor on both rates: a straight line up over `warmup` of the run, then half a cosine to 0."""
    rising = warmup * total
    if step < rising:
        return min(1.0, (step + 1) / rising)
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / (total - rising)))


class FineTuning:
    """One run over `pictures`: a generator of events whose whole state lies in its attributes between them.

    Order and augmentation follow from (seed, epoch, step); nothing else is random. On one machine a run that
    goes on from `state()` therefore ends with the same bits as one that was never stopped. Frozen layers ask
    for no gradient, so none is computed and nothing of them is kept for it.
    """

    def __init__(
        self, model: Classifier, pictures: ClassPictures, settings: FinetuneSettings, device: torch.device
    ) -> None:
        self.model = model.to(device)
        self.pictures = pictures
        self.settings = settings
        self.device = device
        chosen = settings.precision == "bfloat16" or (
            settings.precision == "auto" and best_precision(device) == "bfloat16"
        )
        self.precision = "bfloat16" if chosen else "float32"
        old = trained_parameters(model.encoder, settings)
        groups = [{"params": list(model.head.parameters()), "base": settings.rate}]
        groups += [{"params": old, "base": settings.old_rate}] if old else []
        self.optimizer = torch.optim.AdamW(groups, lr=settings.rate, weight_decay=settings.decay)
        own = {id(parameter) for group in groups for parameter in group["params"]}  # type: ignore[attr-defined]
        self.names = [name for name, p in model.named_parameters() if id(p) in own] + ["mean", "deviation"]
        self.epoch = self.step = self.seen = self.hits = self.stale = 0
        self.loss_sum = 0.0
        self.history: list[Epoch] = []
        self.best: Best | None = None

    @property
    def steps(self) -> int:
        """Steps of one epoch."""
        return math.ceil(len(self.pictures.train) / self.settings.batch)

    @property
    def done(self) -> int:
        """Steps done so far."""
        return self.epoch * self.steps + self.step

    @property
    def stopped_early(self) -> bool:
        """Whether validation has not become better for `patience` epochs."""
        return 0 < self.settings.patience <= self.stale

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.epoch >= self.settings.epochs or self.stopped_early

    def run(self) -> Iterator[StepDone | EpochDone]:
        """Train to the end; between two events the run may be saved, or left for good."""
        if self.done == 0:
            self._calibrate()
        start, first = time.monotonic(), self.done
        total = self.steps * self.settings.epochs
        while not self.finished:
            order = epoch_order(len(self.pictures.train), self.settings.seed, self.epoch)
            while self.step < self.steps:
                at = self.step * self.settings.batch
                chosen = [self.pictures.train[i] for i in order[at : at + self.settings.batch]]
                self._train_step(chosen, rate_factor(self.done, total, self.settings.warmup))
                left = (time.monotonic() - start) / (self.done - first) * (total - self.done)
                loss, accuracy = self.loss_sum / self.seen, self.hits / self.seen
                yield StepDone(self.epoch + 1, self.done, total, loss, accuracy, left)
            yield self._close_epoch(rate_factor(self.done - 1, total, self.settings.warmup))

    def _calibrate(self) -> None:
        """Put the encoder's features on one scale, by up to `CALIBRATION` training pictures."""
        train = self.pictures.train
        chosen = train[:: max(1, len(train) // CALIBRATION)]
        pooled = torch.cat([self._forward(part, pooled=True) for part in self._parts(chosen)])
        deviation = pooled.std(0, correction=0)
        self.model.mean.copy_(pooled.mean(0))
        # A feature that hardly varies must not be blown up to the size of the others.
        self.model.deviation.copy_(deviation + 0.01 * deviation.mean() + 1e-6)

    def _train_step(self, chosen: Sequence[int], factor: float) -> None:
        images = [self.pictures.store[index] for index in chosen]
        batch = training_batch(images, self.settings, self.epoch, self.step).to(self.device)
        labels = self._labels(chosen)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            logits = self.model(batch)
        loss = F.cross_entropy(logits, labels)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise DivergedError(
                f"The loss is {value} at step {self.done + 1}; lower --rate and --old-rate and start again."
            )
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        parameters = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        torch.nn.utils.clip_grad_norm_(parameters, MOST_GRADIENT)
        for group in self.optimizer.param_groups:
            group["lr"] = group["base"] * factor
        self.optimizer.step()
        self.step += 1
        self.seen += len(chosen)
        self.loss_sum += value * len(chosen)
        self.hits += int((logits.detach().argmax(1) == labels).sum())

    def _close_epoch(self, factor: float) -> EpochDone:
        loss, confusion = self.validate()
        accuracy = float(confusion.diagonal().sum()) / max(1, int(confusion.sum()))
        line = Epoch(
            self.epoch + 1, self.settings.rate * factor, self.loss_sum / self.seen, self.hits / self.seen, loss,
            accuracy,
        )  # fmt: skip
        better = self.best is None or (accuracy, -loss) > (
            self.best.line.validation_accuracy,
            -self.best.line.validation_loss,
        )
        if better:
            self.best = Best(line, confusion, self._weights())
        self.history.append(line)
        self.stale = 0 if better else self.stale + 1
        self.epoch, self.step, self.seen, self.hits, self.loss_sum = self.epoch + 1, 0, 0, 0, 0.0
        return EpochDone(line, better)

    def validate(self) -> tuple[float, Tensor]:
        """Return the mean loss over the pictures held out, and their confusion matrix (true, predicted)."""
        count = len(self.pictures.classes)
        confusion = torch.zeros(count, count, dtype=torch.int64)
        total = 0.0
        for part in self._parts(self.pictures.held_out):
            logits, labels = self._forward(part), self._labels(part)
            total += float(F.cross_entropy(logits, labels, reduction="sum"))
            for true, guess in zip(labels.tolist(), logits.argmax(1).tolist(), strict=True):
                confusion[true, guess] += 1
        return total / max(1, len(self.pictures.held_out)), confusion

    def _parts(self, indices: Sequence[int]) -> list[Sequence[int]]:
        batch = self.settings.batch
        return [indices[at : at + batch] for at in range(0, len(indices), batch)]

    @torch.no_grad()
    def _forward(self, chosen: Sequence[int], *, pooled: bool = False) -> Tensor:
        images = centre_batch([self.pictures.store[index] for index in chosen], self.settings.size)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            call = self.model.pooled if pooled else self.model.forward
            return call(images.to(self.device)).float()

    def _labels(self, chosen: Sequence[int]) -> Tensor:
        return torch.tensor([self.pictures.labels[index] for index in chosen], device=self.device)

    def _weights(self) -> dict[str, Tensor]:
        state = self.model.state_dict()
        return {name: state[name].detach().clone() for name in self.names}

    def put(self, weights: dict[str, Tensor]) -> None:
        """Put trained weights (of `Best`, or of a checkpoint) into the model."""
        state = self.model.state_dict()
        with torch.no_grad():
            for name in self.names:
                state[name].copy_(weights[name])

    def state(self) -> dict[str, Any]:
        """Return everything that a resumed run needs besides pictures and parent, as plain values and tensors."""
        best = self.best and {
            "line": vars(self.best.line), "confusion": self.best.confusion, "weights": self.best.weights
        }  # fmt: skip
        return {
            "weights": self._weights(),
            "optimizer": self.optimizer.state_dict(),
            "counts": [self.epoch, self.step, self.seen, self.hits, self.stale],
            "loss_sum": self.loss_sum,
            "history": [vars(line) for line in self.history],
            "best": best,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned; raises KeyError, TypeError, ValueError or RuntimeError if it is not."""
        self.put(state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.step, self.seen, self.hits, self.stale = state["counts"]
        self.loss_sum = state["loss_sum"]
        self.history = [Epoch(**line) for line in state["history"]]
        best = state["best"]
        self.best = best and Best(Epoch(**best["line"]), best["confusion"], best["weights"])
