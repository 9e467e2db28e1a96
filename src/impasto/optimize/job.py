"""A planned run with everything it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.optimize.checkpoint import digest
from impasto.optimize.finish import Finish, Protection
from impasto.optimize.guides import Placement, everywhere
from impasto.optimize.plan import Plan, ScalePlan


@dataclass(frozen=True)
class Pictures:
    """Content and styles (1,3,H,W) in [0,1] on the CPU, in the colours that are compared."""

    content: Tensor | None
    styles: tuple[Tensor, ...]


@dataclass(frozen=True)
class Job:
    """A planned run with its pictures: pixels (1,3,H,W) in [0,1] on the CPU, ``alpha`` of the content.

    ``composed`` are the same pictures as a run of the recipe's base size reads them, so that every larger run
    begins with that very run. ``photo`` is the content in its own colours.
    """

    plan: Plan
    encoder: Encoder
    content: Tensor | None
    styles: tuple[Tensor, ...]
    alpha: Tensor | None = None
    start: Tensor | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    composed: Pictures | None = None
    photo: Tensor | None = None
    guides: Placement | None = None

    @cached_property
    def digests(self) -> list[str]:
        """The SHA-256 of every picture that takes part; only checkpoints need it."""
        pictures: Sequence[Tensor | None] = (self.content, self.start, *self.styles)
        found = ["" if picture is None else digest(picture) for picture in pictures]
        return [*found, *(digest(mask) for mask in self.placement.tensors)]

    @property
    def placement(self) -> Placement:
        """Where the styles go."""
        return self.guides or everywhere(len(self.styles))

    def pictures(self, scale: ScalePlan, device: torch.device) -> Pictures:
        """Return the pictures to resize for ``scale``, on ``device``."""
        base = self.plan.recipe.base
        own = Pictures(self.content, self.styles)
        small = self.composed if base and max(scale.height, scale.width) <= base else None
        chosen = small or own
        content = None if chosen.content is None else chosen.content.to(device)
        return Pictures(content, tuple(style.to(device) for style in chosen.styles))

    def finish(self) -> Finish:
        """Return what turns the compared picture into the one to show."""
        photo = self.content if self.photo is None else self.photo
        return Finish(self.plan.recipe, photo, self.placement.protect)

    def protection(self) -> Protection | None:
        """Return what keeps the photograph in the compared picture, if anything is protected."""
        if self.placement.protect is None or self.content is None:
            return None
        return Protection(self.placement.protect, self.content)
