"""Distillation of the compact encoder: its heads learn principal components of the teacher's features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from impasto.encoder_training.distill import task as shared
from impasto.encoder_training.distill.student import initial_student
from impasto.encoder_training.distill.task import DistillTask, parse_weights
from impasto.encoder_training.distill.teacher import Basis, Teacher, measure_bases
from impasto.encoders import Encoder, prepare
from impasto.encoders.compact import COMPONENTS, Compact


class CompactTask(DistillTask):
    """Distillation whose targets are the teacher's leading principal components, with unit total variance.

    A component's share of the layer's variance is what remains of it in the targets: it takes the variance's place in
    the loss.
    """

    kind: ClassVar[str] = "distill"
    student: Compact

    @property
    def layers(self) -> list[str]:
        """Every head."""
        return list(COMPONENTS)

    def open_student(self, teacher: Encoder) -> None:
        """Measure the principal components and initialise the student from them."""
        self.layer_weights = parse_weights(self.settings.layer_weights, list(COMPONENTS))
        prepare(teacher, self.compute.device, self.compute.precision)
        count = shared.BASIS_BATCHES
        bases = measure_bases(
            teacher, COMPONENTS, self.measuring_batches(count), total=count, on_progress=self.on_progress
        )
        self._use_bases(bases, teacher)
        torch.manual_seed(self.settings.seed)
        self.student = initial_student(self.bases, teacher).to(self.compute.device)
        kernels = [p for p in self.student.trunk.parameters() if p.ndim == 4 and p.shape[1] > 3]
        self.optimizers = self.optimizers_for(kernels)

    def _use_bases(self, bases: Mapping[str, Basis], encoder: Encoder) -> None:
        """Set the principal components that are the targets."""
        self.bases = dict(bases)
        self.variances = {layer: basis.share for layer, basis in bases.items()}
        projections = {layer: basis.projection.to(self.compute.device) for layer, basis in bases.items()}
        self.teacher = Teacher(encoder, projections)

    def file_state(self) -> dict[str, Tensor]:
        """Return the student's weights, and the teacher's projections as `teacher.<layer>`."""
        projections = {f"teacher.{layer}": basis.projection for layer, basis in self.bases.items()}
        return {**self.student.state_dict(), **projections}

    def state(self) -> dict[str, Any]:
        """Return the shared state and the components: measured on another device they may have other signs."""
        return {**super().state(), "bases": {layer: basis._asdict() for layer, basis in self.bases.items()}}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `state` returned."""
        bases = {layer: Basis(**fields) for layer, fields in state["bases"].items()}
        self._use_bases(bases, self.teacher.encoder)
        super().load_state(state)
