"""Distillation of an encoder from VGG-19, as a training task that every kind of student shares."""

from __future__ import annotations

import math
import random
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from impasto.encoder_training.distill.pool import OnPolicyPool, paint
from impasto.encoder_training.distill.settings import DistillSettings
from impasto.encoder_training.distill.student import r_squared
from impasto.encoder_training.distill.teacher import FullTeacher
from impasto.encoders import Encoder
from impasto.errors import RecipeError
from impasto.training.crops import Crops, PictureFolder, centre_crops
from impasto.training.device import ComputeDevice
from impasto.training.distributed import SINGLE, DataParallel
from impasto.training.events import Evaluated
from impasto.training.optimizer_set import OptimizerSet, muon_and_adam
from impasto.training.pictures import OnProgress
from impasto.training.schedules import warmup_constant_linear
from impasto.training.task import LossOutput, TrainingTask, generator_states, restore_generators

# Batches on which the teacher is measured.
BASIS_BATCHES = 40
HELD_OUT = 48
# Fewer batches than this are too few to replay.
LEAST_REPLAY = 8
EVALUATION_SEED = 11
EVALUATION_STEPS = 60
EVALUATION_PAIRS = 16


class UnexplainedVariance(torch.autograd.Function):
    """``|o - t|^2 / (B N)``, the squared error a position, with its gradient in the features' own number format.

    Autograd's own float32 copies of full-resolution features would cost more than the network.
    """

    @staticmethod
    def forward(ctx: Any, output: Tensor, target: Tensor) -> Tensor:
        """Return the scalar loss of ``output`` against ``target``, both (B,K,h,w)."""
        error = output - target
        ctx.save_for_backward(error)
        positions = error.numel() // error.shape[1]
        ctx.scale = 2 / positions
        total: Tensor = torch.linalg.vector_norm(error, dtype=torch.float32) ** 2 / positions
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        """Return ``2 (o - t) / (B N)`` times the incoming gradient."""
        (error,) = ctx.saved_tensors
        return error * (ctx.scale * grads[0]).to(error.dtype), None


def unexplained_variance(output: Tensor, target: Tensor) -> Tensor:
    """Return `UnexplainedVariance` of ``output`` (B,K,h,w) against ``target`` as a scalar."""
    loss: Tensor = UnexplainedVariance.apply(output, target)  # type: ignore[no-untyped-call]
    return loss


def parse_weights(text: str, layers: Sequence[str], *, every: bool = True) -> dict[str, float]:
    """Return layer -> weight from ``relu1_1:3,...``, for every one of `layers`, or with ``every`` False for some.

    Raises `RecipeError` on another layer, a missing one, or a weight that is not above 0.
    """
    try:
        weights = {
            name.strip(): float(value) for name, value in (part.split(":") for part in text.split(","))
        }
    except ValueError:
        raise RecipeError(f"Layer weights are LAYER:WEIGHT,... like relu2_1:3, not '{text}'.") from None
    fits = set(weights) == set(layers) if every else set(weights) <= set(layers)
    if not fits or not all(0 < value < math.inf for value in weights.values()):
        which = "each" if every else "some"
        raise RecipeError(
            f"Layer weights need one number above 0 for {which} of {', '.join(layers)}, not '{text}'."
        )
    return weights


class DistillTask(TrainingTask):
    """Weighted unexplained variance of the teacher's features, on crops and on-policy pictures.

    ``loss = sum_l w_l |o_l - t_l|^2 / (B N v_l)`` over the layers l, with the student's output o, the target t and its
    total variance v over the channels. `teacher` is in float32; the targets are computed in the number format of
    `compute`. `evaluate_every` steps lie between two measurements of held-out R2; on_progress(done, total) counts the
    batches on which the teacher is measured.

    Subclasses set `student`, `teacher` (the targets), `variances`, `layer_weights` and `optimizers` in `open_student`.
    """

    settings: DistillSettings
    student: Encoder
    teacher: FullTeacher
    variances: Mapping[str, float]
    layer_weights: Mapping[str, float]

    def __init__(
        self,
        teacher: Encoder,
        photos: PictureFolder,
        art: PictureFolder,
        settings: DistillSettings,
        compute: ComputeDevice,
        parallel: DataParallel = SINGLE,
        *,
        evaluate_every: int = 500,
        on_progress: OnProgress | None = None,
    ) -> None:
        super().__init__(settings, compute, parallel)
        self.evaluate_every = evaluate_every
        self.on_progress = on_progress
        self.crops = Crops(photos, art, settings.size, settings.seed)
        self._measuring_crops = Crops(photos, art, settings.size, settings.seed + 1)
        self.held_out = {
            "photographs": centre_crops(photos.held_out[:HELD_OUT], settings.size).to(compute.device),
            "artworks": centre_crops(art.held_out[:HELD_OUT], settings.size).to(compute.device),
        }
        self.open_student(teacher.to(compute.device))
        self.modules = {"student": self.student}
        self.pool = OnPolicyPool(self.crops, settings.policy_capacity)
        self.replay: list[tuple[Tensor, dict[str, Tensor]]] = []
        self.draws = random.Random(settings.seed + 2)
        self.evaluation: dict[str, dict[str, float]] | None = None

    @abstractmethod
    def open_student(self, teacher: Encoder) -> None:
        """Set the attributes that depend on the kind of student; `teacher` is in float32."""

    @property
    @abstractmethod
    def layers(self) -> list[str]:
        """Layers of the student that are computed in each step: those of the loss and of on-policy pictures."""

    @abstractmethod
    def file_state(self) -> dict[str, Tensor]:
        """Return the tensors of the weights file."""

    def measuring_batches(self, count: int) -> Iterator[Tensor]:
        """Yield `count` batches of crops to measure the teacher on; they are not those of the training."""
        for _ in range(count):
            yield self._measuring_crops.batch(self.settings.batch).to(self.compute.device)

    def optimizers_for(self, kernels: Sequence[torch.nn.Parameter]) -> OptimizerSet:
        """Return Muon for `kernels` and Adam for the student's other weights."""
        settings = self.settings
        return muon_and_adam(
            {"student": self.student},
            {"kernels": (kernels, settings.kernel_learning_rate)},
            settings.learning_rate,
            max_norm=math.inf,
        )

    @property
    def steps(self) -> int:
        """Steps of the whole distillation."""
        return self.settings.steps

    def learning_rate_factor(self, position: float) -> float:
        """Return a linear warm-up, a constant, then a line down to 0."""
        settings = self.settings
        return warmup_constant_linear(position, settings.steps, settings.warmup_steps, settings.constant)

    def features(self, images: Tensor) -> dict[str, Tensor]:
        """Return the student's `layers` for ``images`` (B,3,h,w)."""
        with self.compute.autocast():
            return self.student.forward(images.to(self.compute.device), self.layers)

    def loss(self, step: int) -> LossOutput:
        """Return the loss of a new or replayed batch; figures are the unexplained variance of each layer."""
        settings = self.settings
        if step >= settings.policy_from * settings.steps and step % settings.policy_every == 0:
            self.pool.refresh(self.features)
        images, targets = self._batch(step)
        part = self.parallel.rows(len(images))
        outputs = self.features(images[part])
        losses = {
            layer: unexplained_variance(outputs[layer], target) / self.variances[layer]
            for layer, target in targets.items()
        }
        total = torch.stack([self.layer_weights[layer] * loss for layer, loss in losses.items()]).sum()
        return LossOutput(total, {layer: float(loss.detach()) for layer, loss in losses.items()})

    def after_step(self, step: int) -> Evaluated | None:
        """Measure held-out R2 every `evaluate_every` steps and at the end."""
        if step % self.evaluate_every and step < self.steps:
            return None
        self.evaluation = self.evaluate()
        figures = {
            f"{kind} {layer}": value
            for kind, layers in self.evaluation.items()
            for layer, value in layers.items()
        }
        return Evaluated(step, figures)

    def evaluate(self) -> dict[str, dict[str, float]]:
        """Return held-out R2 by kind of picture (photographs, artworks, pastiches) and layer."""
        kinds = dict(self.held_out)
        rng, noise = random.Random(EVALUATION_SEED), torch.Generator().manual_seed(EVALUATION_SEED)
        pairs = min(EVALUATION_PAIRS, len(kinds["photographs"]), len(kinds["artworks"]))
        content, style = kinds["photographs"][:pairs], kinds["artworks"][:pairs]
        snapshots = paint(self.features, content, style, EVALUATION_STEPS, rng, noise)
        kinds["pastiches"] = snapshots[-1].float() / 255
        return {kind: r_squared(self.features, self.teacher, images) for kind, images in kinds.items()}

    def _batch(self, step: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Return a new batch with the targets of this process's part, or a replayed one at the steps between."""
        settings = self.settings
        if step % settings.reuse and len(self.replay) >= LEAST_REPLAY:
            return self.draws.choice(self.replay)
        images = self.crops.batch(settings.batch)
        if self.pool.images:
            for index in range(settings.batch):
                if self.draws.random() < settings.policy_share:
                    images[index : index + 1] = self.pool.draw(self.draws)
        pair = self._with_targets(images)
        self.replay.append(pair)
        del self.replay[: -settings.replay]
        return pair

    def _with_targets(self, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        images = images.to(self.compute.device).contiguous(memory_format=torch.channels_last)
        return images, self.teacher.targets(images[self.parallel.rows(len(images))])

    def state(self) -> dict[str, Any]:
        """Return generators, on-policy pictures and the images of the replayed batches.

        The teacher's targets are not stored: they follow from the images and would take gigabytes.
        """
        return {
            "generators": generator_states(self._generators),
            "pool": self.pool.images,
            "replay": [images for images, _ in self.replay],
            "evaluation": self.evaluation,
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `state` returned."""
        restore_generators(state["generators"], self._generators)
        self.pool.images = list(state["pool"])
        self.replay = [self._with_targets(images) for images in state["replay"]]
        self.evaluation = state["evaluation"]

    @property
    def _generators(self) -> dict[str, random.Random | torch.Generator]:
        return {"crops": self.crops.choice, "noise": self.crops.noise, "draws": self.draws}
