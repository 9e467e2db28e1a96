"""Work of a fine-tuning cell: the training, its learning curves, its accuracy and cost."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from impasto.encoder_training.finetune.class_folders import read_classes
from impasto.encoder_training.finetune.classifier import open_parent
from impasto.encoder_training.finetune.painted import SIZE
from impasto.encoder_training.finetune.settings import FC_DEFAULTS, FinetuneSettings
from impasto.encoder_training.finetune.task import FinetuneTask
from impasto.encoders import tune_process
from impasto.lab.classes import ClassData, given_classes, painted_classes
from impasto.lab.weights import fingerprint, weights_of
from impasto.lab.work import CellProgress, CellResult
from impasto.training.device import ComputeDevice
from impasto.training.events import Evaluated, StepDone
from impasto.training.trainer import Trainer

if TYPE_CHECKING:
    from impasto.lab.cells import FinetuneCell
    from impasto.lab.laboratory import Laboratory
    from impasto.lab.setting import Setting

# Raise it when the same settings give another result.
VERSION = 1
SHEET = 320


@dataclass(frozen=True)
class FinetuneWork:
    """A fine-tuning with ``plan`` on ``classes``; ``weights`` is the encoder's file, if it has one."""

    cell: FinetuneCell
    plan: FinetuneSettings
    classes: ClassData
    weights: Path | None

    @property
    def recipe(self) -> dict[str, Any]:
        """The settings, and the number of pictures per class."""
        counts = {name: len(paths) for name, paths in self.classes.folders.classes.items()}
        return {**self.plan.model_dump(), "data": str(self.classes.folders.folder), "pictures": counts}

    @property
    def identity(self) -> dict[str, Any]:
        """Coordinates, settings, pictures and network; their paths are not part of it."""
        return {
            "version": VERSION,
            "key": dict(self.cell.key),
            "settings": self.plan.model_dump(),
            "data": self.classes.identity,
            "networks": [fingerprint(self.plan.encoder, self.weights)],
        }

    def make(self) -> Generator[CellProgress, None, CellResult]:
        """Paint missing pictures, read all, train, and return the values of the best epoch.

        The picture is the confusion matrix of the best epoch: one row per true class, one column per answer, darker
        for a larger share. Raises what `read_classes` and the run raise.
        """
        yield from self.classes.paint()
        task = self._open()
        lines: list[dict[str, float]] = []
        began = time.monotonic()
        for event in Trainer(task).events():
            if isinstance(event, StepDone):
                yield CellProgress(event.seconds_left)
            elif isinstance(event, Evaluated):
                lines.append({**event.figures, "seconds": time.monotonic() - began})
        assert task.best is not None  # a finished run has measured an epoch
        best = task.best.line
        values = {
            "accuracy": best.validation_accuracy,
            "chance": 1 / len(task.pictures.classes),
            "accuracy in training": best.train_accuracy,
            "loss": best.validation_loss,
            "best epoch": float(best.epoch),
            "epochs": float(len(lines)),
            "seconds": lines[-1]["seconds"],
            "trained parameters": float(sum(p.numel() for p in task.optimizers.parameters)),
            "trained on": float(len(task.pictures.train)),
            "held out": float(len(task.pictures.held_out)),
        }
        return CellResult(_shades(task.best.confusion), values, lines)

    def _open(self) -> FinetuneTask:
        plan = self.plan
        compute = ComputeDevice.open(plan.device, plan.precision)
        model = open_parent(plan, self.weights, len(self.classes.folders.classes), compute.device)
        tune_process()
        pictures = read_classes(
            self.classes.folders,
            side=plan.side,
            limit=plan.memory * 1_000_000,
            share=plan.validation,
            seed=plan.seed,
        )
        return FinetuneTask(model, pictures, plan, compute)


def settings_of(cell: FinetuneCell, setting: Setting) -> FinetuneSettings:
    """Return the complete settings of a cell; ``most_steps`` limits the epochs.

    Pictures are stored at the setting's size, by default 160 pixels, and the network sees crops of three fifths of
    that; with VGG's fully connected layers, 256 pixels and seven eighths; both as in `impasto finetune`. Raises
    `RecipeError`.
    """
    with_fc = cell.settings.get("head") == "fc"
    side = setting.longest or (int(FC_DEFAULTS["side"]) if with_fc else SIZE)
    size = side * 7 // 8 if with_fc else side * 3 // 5
    fields = {"encoder": setting.encoder, "side": side, "size": max(32, size), **cell.settings}
    plan = FinetuneSettings.make(fields)
    return plan.model_copy(update={"epochs": min(plan.epochs, setting.most_steps or plan.epochs)})


def open_training(cell: FinetuneCell, laboratory: Laboratory) -> FinetuneWork:
    """Return the work of a cell; raises `RecipeError`, `PictureError` and `WeightsError`."""
    setting = laboratory.setting
    plan = settings_of(cell, setting)
    # The compact encoder has no fully connected layers, and --weights of a study is for VGG-19.
    other = {"alternative": "or set IMPASTO_WEIGHTS_DIR to its folder"} if plan.head == "fc" else {}
    weights = weights_of(plan.encoder, setting, **other)
    return FinetuneWork(cell, plan, _classes(cell, laboratory, plan.side), weights)


def training_conditions(cell: FinetuneCell, laboratory: Laboratory) -> str:
    """Return encoder, pictures, held-out share and epochs as sentences."""
    plan = settings_of(cell, laboratory.setting)
    classes = _classes(cell, laboratory, plan.side)
    folder = classes.folders.folder.resolve().name
    origin = "painted by program" if classes.side else f"from the folder '{folder}'"
    return (
        f"Trained from the encoder '{plan.encoder}' on pictures of {len(classes.folders.classes)} classes, "
        f"{classes.count} in all, {origin}; {plan.validation:.0%} are held out for validation. At most {plan.epochs} "
        f"epochs; the network sees {plan.size} pixels."
    )


def _classes(cell: FinetuneCell, laboratory: Laboratory, side: int) -> ClassData:
    if laboratory.setting.data is not None:
        return given_classes(Path(laboratory.setting.data), cell.classes, cell.per_class)
    return painted_classes(laboratory.out / "painted", side, cell.classes, cell.per_class)


def _shades(confusion: Tensor) -> Tensor:
    """Return a confusion matrix as a grey picture, each share of a true class from nearly white (0) to black (1)."""
    shares = confusion / confusion.sum(1, keepdim=True).clamp(min=1)
    times = max(1, SHEET // len(shares))
    grey = 0.94 * (1 - shares.repeat_interleave(times, 0).repeat_interleave(times, 1))
    return grey.expand(1, 3, *grey.shape).contiguous()
