"""The training program behind `impasto distill`."""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from impasto.encoder_training.distill.pool import Pool, paint
from impasto.encoder_training.distill.settings import DistillSettings
from impasto.encoder_training.distill.teacher import Basis, Teacher, choose_filters, measure_bases
from impasto.encoders import COMPONENTS, Compact, Encoder
from impasto.errors import RecipeError, ResumeError
from impasto.imaging import atomic_write
from impasto.training.crops import Crops, PictureFolder, centre_crops
from impasto.training.muon import Muon

BASIS_BATCHES = 40
HELD_OUT = 48


@dataclass(frozen=True)
class DistillProgress:
    """One line of the log: the step, seconds so far, unexplained variance by layer, held-out R2 if measured."""

    step: int
    seconds: float
    unexplained: Mapping[str, float]
    held_out: Mapping[str, Mapping[str, float]] | None = None


class Unexplained(torch.autograd.Function):
    """``|o - t|^2 / (B N)``, the squared error a position, with its gradient in the features' own format.

    Written out because autograd's own float32 copies of full-resolution features cost more than the network.
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


def unexplained(output: Tensor, target: Tensor) -> Tensor:
    """Return `Unexplained` of ``output`` (B,K,h,w) against ``target`` as a scalar."""
    loss: Tensor = Unexplained.apply(output, target)  # type: ignore[no-untyped-call]
    return loss


def rate(step: int, settings: DistillSettings) -> float:
    """Return the factor on both rates: linear warm-up, constant, then a straight line to 0."""
    begin = settings.constant * settings.steps
    falling = (settings.steps - step) / (settings.steps - begin)
    return min(1.0, (step + 1) / settings.warmup, max(0.0, falling))


def parse_weights(text: str) -> dict[str, float]:
    """Return layer -> weight from ``relu1_1:3,...``; raises `RecipeError` unless every head has one above 0."""
    try:
        weights = {
            name.strip(): float(value) for name, value in (part.split(":") for part in text.split(","))
        }
    except ValueError:
        raise RecipeError(f"Layer weights are LAYER:WEIGHT,... like relu1_1:3, not '{text}'.") from None
    if set(weights) != set(COMPONENTS) or not all(0 < value < math.inf for value in weights.values()):
        raise RecipeError(
            f"Layer weights need one number above 0 for each of {', '.join(COMPONENTS)}, not '{text}'."
        )
    return weights


class Distillation:
    """One training run: a generator of `DistillProgress`, resumable from its checkpoint.

    A resumed run refills the replay memory and the on-policy pool, so it is close to but not the same as an
    uninterrupted one.
    """

    def __init__(
        self, teacher: Encoder, photos: PictureFolder, art: PictureFolder, settings: DistillSettings
    ) -> None:
        self.settings = settings
        self.crops = Crops(photos, art, settings.size, settings.seed)
        basis_crops = Crops(photos, art, settings.size, settings.seed + 1)
        batches = (basis_crops.batch(settings.batch) for _ in range(BASIS_BATCHES))
        self.bases = measure_bases(teacher, COMPONENTS, batches)
        self.teacher = Teacher(teacher, {layer: basis.projection for layer, basis in self.bases.items()})
        self.held_out = {
            "photographs": centre_crops(photos.held_out[:HELD_OUT], settings.size),
            "artworks": centre_crops(art.held_out[:HELD_OUT], settings.size),
        }
        torch.manual_seed(settings.seed)
        self.student = initial_student(self.bases, teacher)
        for kernel in self.student.parameters():
            if kernel.ndim == 4:
                kernel.data = kernel.data.contiguous(memory_format=torch.channels_last)
        kernels = [p for p in self.student.trunk.parameters() if p.ndim == 4 and p.shape[1] > 3]
        chosen = {id(p) for p in kernels}
        rest = [p for p in self.student.parameters() if id(p) not in chosen]
        self.muon = Muon(kernels, lr=settings.kernel_rate)
        self.adam = torch.optim.Adam(rest, lr=settings.other_rate, betas=(0.9, 0.99))
        self.pool = Pool(self.crops, settings.policy_capacity)
        self.replay: list[tuple[Tensor, dict[str, Tensor]]] = []
        self.draws = random.Random(settings.seed + 2)
        self.weights = parse_weights(settings.layer_weights)
        self.step = 0

    def features(self, images: Tensor) -> dict[str, Tensor]:
        """Return the student's heads for ``images`` (B,3,h,w), in bfloat16."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.student.forward(images, list(COMPONENTS))

    def run(
        self, checkpoint: Path, log_every: int = 100, measure_every: int = 500
    ) -> Iterator[DistillProgress]:
        """Train to the end, writing ``checkpoint`` whenever held-out R2 is measured."""
        settings = self.settings
        start, done = time.monotonic(), self.step
        sums: dict[str, float] = dict.fromkeys(COMPONENTS, 0.0)
        while self.step < settings.steps:
            for layer, value in self._train_step().items():
                sums[layer] += value
            self.step += 1
            if self.step % log_every and self.step < settings.steps:
                continue
            last = self.step >= settings.steps
            measured = self.measure() if last or self.step % measure_every == 0 else None
            if measured:
                self.save(checkpoint)
            span = min(log_every, self.step - done)
            yield DistillProgress(
                self.step, time.monotonic() - start, {k: v / span for k, v in sums.items()}, measured
            )
            sums = dict.fromkeys(COMPONENTS, 0.0)

    def _train_step(self) -> dict[str, float]:
        settings = self.settings
        if self.step >= settings.policy_from * settings.steps and self.step % settings.policy_every == 0:
            self.pool.refresh(self.features)
        images, targets = self._batch()
        outputs = self.features(images)
        losses = {
            layer: unexplained(outputs[layer], target) / self.bases[layer].share
            for layer, target in targets.items()
        }
        total = torch.stack([self.weights[layer] * loss for layer, loss in losses.items()]).sum()
        self.student.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        factor = rate(self.step, settings)
        for optimizer, base in ((self.muon, settings.kernel_rate), (self.adam, settings.other_rate)):
            optimizer.param_groups[0]["lr"] = base * factor
            optimizer.step()
        return {layer: float(loss.detach()) for layer, loss in losses.items()}

    def _batch(self) -> tuple[Tensor, dict[str, Tensor]]:
        """Return a fresh batch, or every second time one that the teacher has answered before."""
        settings = self.settings
        if self.step % settings.reuse and len(self.replay) >= 8:
            return self.draws.choice(self.replay)
        images = self.crops.batch(settings.batch)
        if self.pool.images:
            for index in range(settings.batch):
                if self.draws.random() < settings.policy_share:
                    images[index : index + 1] = self.pool.draw(self.draws)
        images = images.contiguous(memory_format=torch.channels_last)
        pair = (images, self.teacher.targets(images))
        self.replay.append(pair)
        del self.replay[: -settings.replay]
        return pair

    def measure(self) -> dict[str, dict[str, float]]:
        """Return held-out R2 by kind of picture (photographs, artworks, pastiches) and layer."""
        kinds = dict(self.held_out)
        rng, noise = random.Random(11), torch.Generator().manual_seed(11)
        content, style = kinds["photographs"][:16], kinds["artworks"][:16]
        kinds["pastiches"] = paint(self.features, content, style, 60, rng, noise)[-1].float() / 255
        return {kind: r_squared(self.features, self.teacher, images) for kind, images in kinds.items()}

    def save(self, path: Path) -> None:
        """Write everything a resumed run needs."""
        state = {
            "settings": asdict(self.settings),
            "step": self.step,
            "student": self.student.state_dict(),
            "muon": self.muon.state_dict(),
            "adam": self.adam.state_dict(),
        }
        with atomic_write(path) as temporary, temporary.open("wb") as file:
            torch.save(state, file)

    def load(self, path: Path) -> None:
        """Continue from ``path``, with these settings from here on; raises `ResumeError` if it is damaged."""
        try:
            state = torch.load(path, weights_only=True)
            self.student.load_state_dict(state["student"])
            self.muon.load_state_dict(state["muon"])
            self.adam.load_state_dict(state["adam"])
            self.step = int(state["step"])
        except Exception as error:  # torch.load raises what pickle, zipfile and its own checks raise
            raise ResumeError(f"{path} is damaged or not a checkpoint; start afresh.") from error
        self.crops = Crops(*_pictures(self.crops), self.settings.size, self.settings.seed + self.step)
        self.pool.crops = self.crops


def _pictures(crops: Crops) -> tuple[PictureFolder, PictureFolder]:
    photos, art = crops.pools
    return PictureFolder(photos, (), Path()), PictureFolder(art, (), Path())


def initial_student(bases: Mapping[str, Basis], teacher: Encoder) -> Compact:
    """Return a student with He initialisation whose first layer is a choice of the teacher's own filters."""
    student = Compact()
    for kernel in student.trunk.parameters():
        if kernel.ndim == 4:
            torch.nn.init.kaiming_normal_(kernel, nonlinearity="relu")
        else:
            torch.nn.init.zeros_(kernel)
    for layer, head in student.heads.items():
        with torch.no_grad():
            head.weight.mul_(0.1)  # type: ignore[operator]
            head.bias.copy_(bases[layer].mean)  # type: ignore[operator]
    first = next(p for p in teacher.parameters() if p.ndim == 4)
    first_bias = next(p for p in teacher.parameters() if p.ndim == 1)
    count = student.trunk[0].out_channels
    chosen, weight, bias = choose_filters(bases["relu1_1"], int(count))  # type: ignore[arg-type]
    # The teacher's activations are in the hundreds; the trunk works near 1, its head takes the factor back.
    scale = math.sqrt(float(bases["relu1_1"].covariance.trace()) / len(bases["relu1_1"].covariance))
    with torch.no_grad():
        student.trunk[0].weight.copy_(first[chosen].float() / scale)  # type: ignore[operator]
        student.trunk[0].bias.copy_(first_bias[chosen].float() / scale)  # type: ignore[operator]
        head = student.heads["relu1_1"]
        head.weight.copy_(weight[:, :, None, None] * scale)  # type: ignore[operator]
        head.bias.copy_(bias)  # type: ignore[operator]
    return student


@torch.no_grad()
def r_squared(student: Any, teacher: Teacher, images: Tensor, batch: int = 16) -> dict[str, float]:
    """Return layer -> ``1 - sum |o - t|^2 / sum |t - mean t|^2`` over all ``images`` and components."""
    error: dict[str, float] = {}
    count: dict[str, int] = {}
    first: dict[str, Tensor] = {}
    power: dict[str, Tensor] = {}
    for part in torch.split(images, batch):
        targets, outputs = teacher.targets(part), student(part)
        for layer, target in targets.items():
            t = target.float().transpose(0, 1).flatten(1)  # (K, N)
            o = outputs[layer].float().transpose(0, 1).flatten(1)
            error[layer] = error.get(layer, 0.0) + float((o - t).square().sum())
            count[layer] = count.get(layer, 0) + t.shape[1]
            first[layer] = first.get(layer, torch.zeros(())) + t.double().sum(1)
            power[layer] = power.get(layer, torch.zeros(())) + t.double().square().sum(1)
    return {
        layer: 1 - error[layer] / float((power[layer] - first[layer].square() / count[layer]).sum())
        for layer in error
    }


def write_weights(
    student: Compact, bases: Mapping[str, Basis], path: Path, metadata: Mapping[str, object]
) -> None:
    """Write the student and the teacher's projections as float16 safetensors with ``metadata`` in the header."""
    state = dict(student.state_dict())
    state |= {f"teacher.{layer}": basis.projection for layer, basis in bases.items()}
    halves = {name: value.detach().to(torch.float16).contiguous() for name, value in state.items()}
    with atomic_write(path) as temporary:
        temporary.write_bytes(save(halves, metadata={"impasto": json.dumps(metadata)}))
