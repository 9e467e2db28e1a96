"""Job: a planned run with everything that it reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from torch import Tensor

from impasto.encoders import Encoder
from impasto.guidance import RestoreContent
from impasto.hashing import pixels_sha256
from impasto.optimize.pictures import PicturesByScale, color_settings
from impasto.optimize.plan import Plan
from impasto.optimize.recipe import Recipe
from impasto.optimize.scale_encoders import ScaleEncoders
from impasto.optimize.terms import DEFAULT_TERMS, TermFactory


@dataclass(frozen=True)
class Job:
    """A planned run with its encoders and input images.

    ``input_names`` are the names of the images and guides, for the provenance of the result. ``term_factories`` build
    the terms of the objective. ``start_recipe`` is the recipe before strength or mix were changed, None if they were
    not: a one-pass picture to start from was painted with it. ``make_tiled`` makes the objectives of scales in tiles;
    None stands for `TiledObjective`.
    """

    plan: Plan
    encoders: ScaleEncoders
    pictures: PicturesByScale
    input_names: dict[str, Any] = field(default_factory=dict)
    term_factories: tuple[TermFactory, ...] = DEFAULT_TERMS
    start_recipe: Recipe | None = None
    make_tiled: Callable[..., Any] | None = None

    @property
    def first_recipe(self) -> Recipe:
        """The recipe that the run began with."""
        return self.start_recipe or self.plan.recipe

    @property
    def encoder(self) -> Encoder:
        """The encoder of the scales up to the base size."""
        return self.encoders.main

    @property
    def alpha(self) -> Tensor | None:
        """The transparency (1,1,H,W) of the content image, None if it has none."""
        return self.pictures.full.alpha

    @cached_property
    def digests(self) -> list[str]:
        """The SHA-256 of every input image and mask; only checkpoints need it."""
        pictures = self.pictures.full
        # A picture painted in one pass follows from the others, and differs a little between versions and machines.
        start = None if self.plan.recipe.start == "fast" else pictures.start
        images: Sequence[Tensor | None] = (pictures.content, start, *pictures.styles)
        digests = ["" if image is None else pixels_sha256(image) for image in images]
        return [*digests, *(pixels_sha256(mask) for mask in pictures.placement.tensors)]

    def make_finish(self) -> RestoreContent:
        """Return the function that turns the optimised image into the output."""
        pictures = self.pictures.full
        content = pictures.content if pictures.original is None else pictures.original
        return RestoreContent(color_settings(self.plan.recipe), content, pictures.placement.protect)
