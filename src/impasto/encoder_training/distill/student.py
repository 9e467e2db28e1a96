"""The student of a distillation: initialisation, held-out R2, and its weights as a file."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from impasto.encoder_training.distill.teacher import Basis, FullTeacher, choose_filters
from impasto.encoders import Encoder
from impasto.encoders.compact import Compact
from impasto.encoders.header import CARD_KEY
from impasto.imaging import atomic_write

Features = Callable[[Tensor], Mapping[str, Tensor]]


def initial_student(bases: Mapping[str, Basis], teacher: Encoder) -> Compact:
    """Return a student with He initialisation whose first layer is a selection of the teacher's own filters."""
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
    # The teacher's activations are in the hundreds. The trunk works near 1, so its head restores the factor.
    scale = math.sqrt(float(bases["relu1_1"].covariance.trace()) / len(bases["relu1_1"].covariance))
    with torch.no_grad():
        student.trunk[0].weight.copy_(first[chosen].float() / scale)  # type: ignore[operator]
        student.trunk[0].bias.copy_(first_bias[chosen].float() / scale)  # type: ignore[operator]
        head = student.heads["relu1_1"]
        head.weight.copy_(weight[:, :, None, None] * scale)  # type: ignore[operator]
        head.bias.copy_(bias)  # type: ignore[operator]
    return student


@torch.no_grad()
def r_squared(student: Features, teacher: FullTeacher, images: Tensor, batch: int = 16) -> dict[str, float]:
    """Return layer -> ``1 - sum |o - t|^2 / sum |t - mean t|^2`` over all ``images`` and channels of the targets."""
    error: dict[str, float] = {}
    count: dict[str, int] = {}
    total: dict[str, Tensor] = {}
    power: dict[str, Tensor] = {}
    for part in torch.split(images, batch):
        targets, outputs = teacher.targets(part), student(part)
        for layer, target in targets.items():
            t = target.float().transpose(0, 1).flatten(1).cpu()  # (K, N)
            o = outputs[layer].float().transpose(0, 1).flatten(1).cpu()
            error[layer] = error.get(layer, 0.0) + float((o - t).square().sum())
            count[layer] = count.get(layer, 0) + t.shape[1]
            total[layer] = total.get(layer, torch.zeros(())) + t.double().sum(1)
            power[layer] = power.get(layer, torch.zeros(())) + t.double().square().sum(1)
    return {
        layer: 1 - error[layer] / float((power[layer] - total[layer].square() / count[layer]).sum())
        for layer in error
    }


def write_weights(state: Mapping[str, Tensor], path: Path, metadata: Mapping[str, object]) -> None:
    """Write ``state`` as float16 safetensors with ``metadata`` in the header."""
    halves = {name: value.detach().cpu().to(torch.float16).contiguous() for name, value in state.items()}
    with atomic_write(path) as temporary:
        temporary.write_bytes(save(halves, metadata={CARD_KEY: json.dumps(metadata)}))
