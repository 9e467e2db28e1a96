"""What the engine needs of a job: first pictures, views, targets, balance and the report on several styles."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import torch
from torch import Tensor

from impasto.optimize.balance import SIDE, Balance, find_sigmas, improvements, measure
from impasto.optimize.events import Balancing
from impasto.optimize.job import Job
from impasto.optimize.objective import Objective, build_objectives
from impasto.optimize.plan import ScalePlan, layers_of, plan_scale
from impasto.optimize.state import first_picture
from impasto.optimize.targets import Targets
from impasto.optimize.views import View, make_views, make_wrapped_views


class Setup:
    """Builds what one job compares, on ``device``."""

    def __init__(self, job: Job, device: torch.device) -> None:
        self.job = job
        self.recipe = job.plan.recipe
        self.device = device
        self.count = len(job.styles)
        self.protection = job.protection()

    def start(self, size: tuple[int, int], generator: torch.Generator) -> Tensor:
        """Return the first picture (1,3,h,w) of ``size``."""
        job = self.job
        return first_picture(self.recipe, size, job.content, job.styles, job.start, generator).to(self.device)

    def views(self, scale: ScalePlan) -> tuple[View, ...]:
        """Return the views of a scale, the unchanged picture first."""
        if self.recipe.seamless:
            return make_wrapped_views(self.recipe.views, scale.height, scale.width)
        # A cut of a few pixels must stay small beside the picture.
        return make_views(self.recipe.views, max(0, min(scale.height, scale.width) - 4 * self._least()))

    def targets(self, scale: ScalePlan, mix: Sequence[float], generator: torch.Generator) -> Targets:
        """Return what measures the pictures at ``scale``, with the styles' weights ``mix`` there."""
        pictures = self.job.pictures(scale, self.device)
        return Targets(
            self.recipe, scale, self.job.encoder, pictures.content, pictures.styles, self.job.placement, mix,
            generator, self.protection,
        )  # fmt: skip

    def fixed_sigmas(self) -> tuple[float, ...] | None:
        """Return the factors on the styles' losses, None where they are to be found by `balance`.

        Styles that do not meet, in masks, layers or scales of their own, have nothing to balance.
        """
        recipe = self.recipe
        if recipe.sigmas is not None:
            return recipe.sigmas
        meet = recipe.blend == "losses" and recipe.share == "everywhere" and not self.job.placement.masked
        return None if self.count > 1 and recipe.balance and meet else (1.0,) * self.count

    def balance(self) -> Generator[Balancing, None, Balance]:
        """Find the factors with which all styles improve equally, in short runs at a small size."""
        scale = self._small()
        objective = self._even(scale, with_content=True)
        generator = torch.Generator().manual_seed(self.recipe.seed)
        start = self.start((scale.height, scale.width), generator)
        return (yield from find_sigmas(self.recipe, objective, start, self.count))

    def improvements(self, scale: ScalePlan, image: Tensor) -> tuple[float, ...]:
        """Return RI of every style at ``scale`` for ``image`` (1,3,h,w) there.

        Nothing for one style, or where losses of single styles mean nothing: mixed statistics, styles by scale.
        """
        if self.count < 2 or self.recipe.blend == "statistics" or self.recipe.share == "scales":
            return ()
        objective = self._even(scale, with_content=False)
        size = (image.shape[2], image.shape[3])
        start = self.start(size, torch.Generator().manual_seed(self.recipe.seed))
        before, after = (measure(objective, picture, self.count) for picture in (start, image))
        return improvements(before, after)

    def _even(self, scale: ScalePlan, *, with_content: bool) -> Objective:
        """Return the objective of all styles at even weights through the unchanged view."""
        generator = torch.Generator().manual_seed(self.recipe.seed)
        targets = self.targets(scale, (1 / self.count,) * self.count, generator)
        if not with_content:
            targets.content = None
        (objective,) = build_objectives(targets).values()
        return objective

    def _small(self) -> ScalePlan:
        """Return the scale of calibrations."""
        job = self.job
        shape, styles = (job.plan.height, job.plan.width), [(s.shape[2], s.shape[3]) for s in job.styles]
        side = min(SIDE, max(shape))
        return plan_scale(self.recipe, job.encoder, shape, styles, side, 1, self._layers())

    def _layers(self) -> list[str]:
        return layers_of(self.recipe, self.job.content is not None, bool(self.job.styles))

    def _least(self) -> int:
        return self.job.encoder.minimum_side(self._layers())
