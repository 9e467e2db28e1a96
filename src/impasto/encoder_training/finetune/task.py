"""Fine-tuning of an encoder with a linear head on class folders, as a training task."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.encoder_training.finetune.augment import centre_batch, epoch_order, training_batch
from impasto.encoder_training.finetune.class_folders import ClassPictures
from impasto.encoder_training.finetune.classifier import Classifier, PictureClassifier, trained_parameters
from impasto.encoder_training.finetune.epoch import BestEpoch, Epoch, EpochSums
from impasto.encoder_training.finetune.settings import FinetuneSettings
from impasto.training.device import ComputeDevice
from impasto.training.distributed import SINGLE, DataParallel
from impasto.training.events import Evaluated
from impasto.training.optimizer_set import OptimizerSet
from impasto.training.schedules import warmup_cosine
from impasto.training.task import LossOutput, TrainingTask
from impasto.training.weights import copy_weights

CALIBRATION_PICTURES = 512
MAX_GRADIENT_NORM = 1.0


class FinetuneTask(TrainingTask):
    """Cross-entropy of a `PictureClassifier` over class folders, measured on held-out pictures after each epoch.

    Order, augmentation and dropout follow from (seed, epoch, step); nothing else is random. Frozen layers ask for no
    gradient, so none is computed and no activation is kept for them.
    """

    kind: ClassVar[str] = "finetune"
    settings: FinetuneSettings

    def __init__(
        self,
        model: PictureClassifier,
        pictures: ClassPictures,
        settings: FinetuneSettings,
        compute: ComputeDevice,
        parallel: DataParallel = SINGLE,
    ) -> None:
        super().__init__(settings, compute, parallel)
        self.model = model.to(compute.device)
        self.modules = {"model": self.model}
        self.pictures = pictures
        old = trained_parameters(model, settings)
        groups = [{"params": list(model.head.parameters()), "lr": settings.learning_rate}]
        groups += [{"params": old, "lr": settings.encoder_learning_rate}] if old else []
        adamw = torch.optim.AdamW(groups, lr=settings.learning_rate, weight_decay=settings.weight_decay)
        trained = [parameter for group in adamw.param_groups for parameter in group["params"]]
        self.optimizers = OptimizerSet({"adamw": adamw}, clipped=trained, max_norm=MAX_GRADIENT_NORM)
        identities = {id(parameter) for parameter in trained}
        self.trained_names = [name for name, p in model.named_parameters() if id(p) in identities]
        self.trained_names += model.calibrated
        self.sums = EpochSums()
        self.stale_epochs = 0
        self.history: list[Epoch] = []
        self.best: BestEpoch | None = None

    @property
    def steps_per_epoch(self) -> int:
        """Steps of one epoch."""
        return math.ceil(len(self.pictures.train) / self.settings.batch)

    @property
    def steps(self) -> int:
        """Steps of all epochs."""
        return self.steps_per_epoch * self.settings.epochs

    @property
    def stopped_early(self) -> bool:
        """Whether validation has not improved for `patience` epochs."""
        return 0 < self.settings.patience <= self.stale_epochs

    def finished(self, position: float) -> bool:
        """Return whether all epochs are over, or the run stopped early."""
        return super().finished(position) or self.stopped_early

    def learning_rate_factor(self, position: float) -> float:
        """Return a linear warm-up, then half a cosine."""
        return warmup_cosine(position, self.steps, self.settings.warmup)

    def prepare(self) -> None:
        """Standardise the features of a linear head over up to 512 training pictures."""
        if not isinstance(self.model, Classifier):
            return
        train = self.pictures.train
        chosen = train[:: max(1, -(-len(train) // CALIBRATION_PICTURES))]
        pooled = torch.cat([self._run(self.model.pooled, part) for part in self._batches(chosen)])
        deviation = pooled.std(0, correction=0)
        self.model.mean.copy_(pooled.mean(0))
        # A feature that hardly varies must not be scaled up to the size of the others.
        self.model.deviation.copy_(deviation + 0.01 * deviation.mean() + 1e-6)

    def loss(self, step: int) -> LossOutput:
        """Return the cross-entropy of the batch of `step`; figures are the epoch's means so far."""
        epoch, index = divmod(step, self.steps_per_epoch)
        settings = self.settings
        order = epoch_order(len(self.pictures.train), settings.seed, epoch)
        offset = index * settings.batch
        chosen = [self.pictures.train[i] for i in order[offset : offset + settings.batch]]
        images = [self.pictures.store[picture] for picture in chosen]
        rows = self._rows(len(chosen))
        batch = training_batch(images, settings, epoch, index)[rows].to(self.compute.device)
        labels = self._labels(chosen[rows])
        with self.compute.autocast():
            logits = self.model(batch, self._dropout(epoch, index))
        # The last batch may not split evenly, and a part may be empty: divide the sum by the size of an even part.
        loss = F.cross_entropy(logits, labels, reduction="sum") / (len(chosen) / self.parallel.size)
        correct = float((logits.detach().argmax(1) == labels).sum()) * self.parallel.size
        totals = self.parallel.mean({"loss": float(loss.detach()), "correct": correct}, self.compute.device)
        self.sums.add(len(chosen), totals["loss"], round(totals["correct"]))
        return LossOutput(loss, {"epoch_loss": self.sums.loss, "epoch_accuracy": self.sums.accuracy})

    def after_step(self, step: int) -> Evaluated | None:
        """Measure the held-out pictures after the last step of an epoch."""
        if step % self.steps_per_epoch:
            return None
        loss, confusion = self.validate()
        share = float(confusion.diagonal().sum()) / max(1, int(confusion.sum()))
        # Processes may differ in the last bits; with the same figures all stop early at the same epoch.
        measured = self.parallel.mean({"loss": loss, "accuracy": share}, self.compute.device)
        loss, accuracy = measured["loss"], measured["accuracy"]
        rate = self.settings.learning_rate * self.learning_rate_factor(step - 1)
        epoch = step // self.steps_per_epoch
        line = Epoch(epoch, rate, self.sums.loss, self.sums.accuracy, loss, accuracy)
        improved = self.best is None or (accuracy, -loss) > (
            self.best.line.validation_accuracy,
            -self.best.line.validation_loss,
        )
        if improved:
            weights = {name: value.clone() for name, value in self.live_weights().items()}
            self.best = BestEpoch(line, confusion, weights)
        self.history.append(line)
        self.stale_epochs = 0 if improved else self.stale_epochs + 1
        self.sums = EpochSums()
        return Evaluated(step, asdict(line), improved)

    def validate(self) -> tuple[float, Tensor]:
        """Return the mean loss over the held-out pictures and their confusion matrix (true, predicted)."""
        count = len(self.pictures.classes)
        confusion = torch.zeros(count, count, dtype=torch.int64)
        total = 0.0
        for part in self._batches(self.pictures.held_out):
            logits, labels = self._run(self.model, part), self._labels(part)
            total += float(F.cross_entropy(logits, labels, reduction="sum"))
            for true, predicted in zip(labels.tolist(), logits.argmax(1).tolist(), strict=True):
                confusion[true, predicted] += 1
        return total / max(1, len(self.pictures.held_out)), confusion

    def live_weights(self) -> dict[str, Tensor]:
        """Return the trained weights; frozen layers are those of the parent."""
        state = self.model.state_dict()
        return {name: state[name].detach() for name in self.trained_names}

    def use_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Copy trained weights, such as those of the best epoch, into the model."""
        copy_weights(self.live_weights(), weights)

    def state(self) -> dict[str, Any]:
        """Return running sums, learning curves and the best epoch."""
        best = self.best and {
            "line": asdict(self.best.line),
            "confusion": self.best.confusion,
            "weights": self.best.weights,
        }
        return {
            "sums": asdict(self.sums),
            "stale_epochs": self.stale_epochs,
            "history": [asdict(line) for line in self.history],
            "best": best,
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `state` returned."""
        self.sums = EpochSums(**state["sums"])
        self.stale_epochs = state["stale_epochs"]
        self.history = [Epoch(**line) for line in state["history"]]
        best = state["best"]
        self.best = best and BestEpoch(Epoch(**best["line"]), best["confusion"], best["weights"])

    def _rows(self, count: int) -> slice:
        """Return the rows of a batch of `count` pictures that this process computes."""
        size, rank = self.parallel.size, self.parallel.rank
        return slice(count * rank // size, count * (rank + 1) // size)

    def _batches(self, indices: Sequence[int]) -> list[Sequence[int]]:
        batch = self.settings.batch
        return [indices[start : start + batch] for start in range(0, len(indices), batch)]

    @torch.no_grad()
    def _run(self, call: Callable[[Tensor], Tensor], chosen: Sequence[int]) -> Tensor:
        images = centre_batch([self.pictures.store[index] for index in chosen], self.settings.size)
        with self.compute.autocast():
            return call(images.to(self.compute.device)).float()

    def _dropout(self, epoch: int, step: int) -> torch.Generator:
        rng = random.Random(f"dropout {self.settings.seed} {epoch} {step} {self.parallel.rank}")
        return torch.Generator(self.compute.device).manual_seed(rng.getrandbits(63))

    def _labels(self, chosen: Sequence[int]) -> Tensor:
        labels = [self.pictures.labels[index] for index in chosen]
        return torch.tensor(labels, dtype=torch.int64, device=self.compute.device)
