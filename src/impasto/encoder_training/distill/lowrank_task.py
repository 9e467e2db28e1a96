"""Distillation of a low-rank VGG: it starts from a factorisation and learns the teacher's full features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from impasto.encoder_training.distill.lowrank import allocate_ranks, choices, factorise, spectrum
from impasto.encoder_training.distill.pool import CONTENT_LAYERS, STYLE_LAYERS
from impasto.encoder_training.distill.task import DistillTask, parse_weights
from impasto.encoder_training.distill.teacher import FullTeacher, measure_bases
from impasto.encoders import VGG, Encoder, prepare, published_state
from impasto.encoders.lowrank import DEEPEST, LowRankVGG, conv_channels
from impasto.encoders.shipped import COMPACT_LARGE
from impasto.encoders.vgg import blocks_of
from impasto.errors import RecipeError
from impasto.training.weights import copy_weights

FIT_CROPS = 112
"""Crops on which the teacher is measured and factorised; the activations of all of them are in memory."""


class LowRankTask(DistillTask):
    """Distillation of VGG-19 up to relu5_1 with low-rank convolutions, in full width.

    The ranks share the multiply-adds of `settings.budget`. A new run factorises the teacher before its first step.
    conv1_1 stays the teacher's own.
    """

    kind: ClassVar[str] = "distill-low-rank"
    student: LowRankVGG

    @property
    def fit_batches(self) -> int:
        """Number of batches on which the teacher is measured and factorised."""
        return -(-FIT_CROPS // self.settings.batch)

    @property
    def layers(self) -> list[str]:
        """Layers of the loss and of on-policy pictures, by depth."""
        wanted = {*self.layer_weights, *STYLE_LAYERS, *CONTENT_LAYERS}
        return [layer for layer in self.student.layers if layer in wanted]

    def open_student(self, teacher: Encoder) -> None:
        """Measure the teacher's responses, share out the ranks and build the student, still with random weights."""
        if not isinstance(teacher, VGG) or teacher.pooling != "max":
            raise RecipeError(
                f"A low-rank student needs a VGG teacher with max pooling, not '{teacher.name}'."
            )
        self.exact_teacher = teacher
        self.blocks = blocks_of(teacher)
        channels = {layer: width for layer, (_, width) in conv_channels(self.blocks, DEEPEST).items()}
        relus = [layer.replace("conv", "relu") for layer in channels]
        self.layer_weights = parse_weights(self.settings.layer_weights, relus, every=False)
        count = self.fit_batches
        fast_teacher = prepare(duplicate(teacher), self.compute.device, self.compute.precision)
        bases = measure_bases(
            fast_teacher,
            dict.fromkeys([*channels, *self.layer_weights], 1),
            self.measuring_batches(count),
            total=count,
            on_progress=self.on_progress,
        )
        self.variances = {layer: float(bases[layer].covariance.trace()) for layer in self.layer_weights}
        spectra = {layer: spectrum(bases[layer].covariance) for layer in channels}
        full_cost = teacher.macs(512, 512, [DEEPEST]) / 512**2
        ranks = allocate_ranks(choices(spectra, self.blocks, DEEPEST), self.settings.budget * full_cost)
        torch.manual_seed(self.settings.seed)
        self.student = LowRankVGG(COMPACT_LARGE, ranks, blocks=self.blocks, deepest=DEEPEST).to(
            self.compute.device
        )
        needed = set(self.student.layers_up_to(self.layer_weights))
        for layer, part in self.student.convolutions.items():
            part.requires_grad_(layer in needed and layer != "conv1_1")
        self.teacher = FullTeacher(fast_teacher, self.layer_weights)
        kernels = [p for p in self.student.parameters() if p.ndim == 4 and p.requires_grad]
        self.optimizers = self.optimizers_for(kernels)

    def prepare(self) -> None:
        """Factorise the teacher into the student."""
        start = factorise(
            self.exact_teacher,
            self.student.ranks,
            list(self.measuring_batches(self.fit_batches)),
            name=COMPACT_LARGE,
            blocks=self.blocks,
            deepest=DEEPEST,
            on_progress=self.on_progress,
        )
        copy_weights(self.student.state_dict(), start.state_dict())

    def file_state(self) -> dict[str, Tensor]:
        """Return the student's weights."""
        return dict(self.student.state_dict())

    def state(self) -> dict[str, Any]:
        """Return the shared state and the variances, which another device would measure with other last bits."""
        return {**super().state(), "variances": self.variances}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `state` returned."""
        self.variances = dict(state["variances"])
        super().load_state(state)


def duplicate(encoder: VGG) -> VGG:
    """Return a second network with the same weights."""
    return VGG(
        encoder.name,
        blocks_of(encoder),
        published_state(encoder),
        pooling=encoder.pooling,
        padding=encoder.padding,
        preprocessing=encoder.preprocessing,
    )
