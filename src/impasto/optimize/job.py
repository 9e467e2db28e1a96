"""A planned run with everything it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from torch import Tensor

from impasto.encoders import Encoder
from impasto.guidance import ColorSettings, Finish, Placement, Protection
from impasto.hashing import pixels_sha256
from impasto.optimize.plan import Plan
from impasto.optimize.recipe import Recipe


@dataclass(frozen=True)
class RunPictures:
    """What a run reads at one size: content, styles and the picture to start from, and where the styles go.

    Pixels are (1,3,H,W) in [0,1] on the CPU; content and styles are in the colours that are compared.
    """

    content: Tensor | None
    styles: tuple[Tensor, ...]
    start: Tensor | None
    placement: Placement

    @cached_property
    def protection(self) -> Protection | None:
        """What keeps the photograph in the compared picture, if anything is protected."""
        if self.placement.protect is None or self.content is None:
            return None
        return Protection(self.placement.protect, self.content)


@dataclass(frozen=True)
class Job:
    """A planned run with its pictures; ``alpha`` (1,1,H,W) is the content's.

    ``composed`` are the same pictures as a run of the recipe's base size reads them, so that every larger run
    begins with that very run. ``photo`` is the content in its own colours.
    """

    plan: Plan
    encoder: Encoder
    pictures: RunPictures
    alpha: Tensor | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    composed: RunPictures | None = None
    photo: Tensor | None = None

    @property
    def content(self) -> Tensor | None:
        """The content in the colours that are compared."""
        return self.pictures.content

    @property
    def styles(self) -> tuple[Tensor, ...]:
        """The styles in the colours that are compared."""
        return self.pictures.styles

    @property
    def placement(self) -> Placement:
        """Where the styles go."""
        return self.pictures.placement

    @cached_property
    def digests(self) -> list[str]:
        """The SHA-256 of every picture that takes part; only checkpoints need it."""
        pictures: Sequence[Tensor | None] = (self.content, self.pictures.start, *self.styles)
        digests = ["" if picture is None else pixels_sha256(picture) for picture in pictures]
        return [*digests, *(pixels_sha256(mask) for mask in self.placement.tensors)]

    def pictures_for(self, size: tuple[int, int]) -> RunPictures:
        """Return the pictures to resize for a scale of ``size`` (height, width)."""
        base = self.plan.recipe.base
        return self.composed if self.composed and base and max(size) <= base else self.pictures

    def finish(self) -> Finish:
        """Return what turns the compared picture into the one to show."""
        photo = self.content if self.photo is None else self.photo
        return Finish(colors_of(self.plan.recipe), photo, self.placement.protect)


def colors_of(recipe: Recipe) -> ColorSettings:
    """Return whose colours the recipe asks for."""
    return ColorSettings(recipe.colors, recipe.color_method, recipe.color_space)
