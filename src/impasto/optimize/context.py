"""What the engine needs of a job: first pictures, views, targets, balance and the report on several styles."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from impasto.optimize.balance import balances_itself, improvements, measure, rehearsal
from impasto.optimize.job import Job
from impasto.optimize.mixing import styles_of_scale
from impasto.optimize.objective import Objective, build_objectives
from impasto.optimize.plan import ScalePlan, layers_of, make_plan
from impasto.optimize.state import first_picture
from impasto.optimize.targets import Targets
from impasto.optimize.views import View, make_views, make_wrapped_views


class RunContext:
    """Builds what one job compares, on ``device``."""

    def __init__(self, job: Job, device: torch.device) -> None:
        self.job = job
        self.recipe = job.plan.recipe
        self.device = device
        self.count = len(job.styles)

    def start(self, size: tuple[int, int], generator: torch.Generator) -> Tensor:
        """Return the first picture (1,3,h,w) of ``size``."""
        read = self.job.pictures_for(size)
        first = first_picture(self.recipe, size, read.content, read.styles, read.start, generator)
        return first.to(self.device)

    def views(self, scale: ScalePlan) -> tuple[View, ...]:
        """Return the views of a scale, the unchanged picture first."""
        if self.recipe.seamless:
            return make_wrapped_views(self.recipe.views, scale.height, scale.width)
        # A cut of a few pixels must stay small beside the picture.
        return make_views(self.recipe.views, max(0, min(scale.height, scale.width) - 4 * self._least()))

    def mix(self, scale: int) -> tuple[float, ...]:
        """Return the weight of each style at scale number ``scale``.

        Where styles have places of their own, even weights are 1: each place is painted as one style would be.
        """
        weights = styles_of_scale(self.recipe, self.count, scale, len(self.job.plan.scales))
        return tuple(weight * self.count for weight in weights) if self.job.placement.masked else weights

    def targets(self, scale: ScalePlan, mix: Sequence[float], generator: torch.Generator) -> Targets:
        """Return what measures the pictures at ``scale``, with the styles' weights ``mix`` there."""
        read = self.job.pictures_for((scale.height, scale.width))
        content = None if read.content is None else read.content.to(self.device)
        styles = [style.to(self.device) for style in read.styles]
        return Targets(
            self.recipe,
            scale,
            self.job.encoder,
            content,
            styles,
            read.placement,
            mix,
            generator,
            read.protection,
        )

    @property
    def balances(self) -> bool:
        """Whether the factors on the styles' losses are to be found.

        Styles that do not meet, in masks, layers or scales of their own, have nothing to balance.
        """
        recipe = self.recipe
        meet = recipe.blend == "losses" and recipe.share == "everywhere" and not self.job.placement.masked
        return self.count > 1 and recipe.balance and recipe.sigmas is None and meet

    @property
    def balances_itself(self) -> bool:
        """Whether the run finds them on its way."""
        return self.balances and balances_itself(self.recipe, self.count)

    def first_sigmas(self) -> tuple[float, ...] | None:
        """Return the factors to start with, None where a rehearsal has to find them."""
        if self.balances and not self.balances_itself:
            return None
        return self.recipe.sigmas or (1.0,) * self.count

    def rehearsal(self) -> Job:
        """Return the job that finds the factors: the same pictures in a small even run."""
        job, base = self.job, self.recipe.base
        composing = [s for s in job.plan.scales if not base or max(s.height, s.width) <= base]
        recipe = rehearsal(self.recipe, sum(scale.steps for scale in composing or job.plan.scales))
        read = job.composed or job.pictures
        # Above the base the shape is that of a run of the base, down to the pixel.
        last = composing[-1] if composing and job.composed else job.plan
        plan = make_plan(
            recipe,
            job.encoder,
            has_content=read.content is not None,
            styles=[(style.shape[2], style.shape[3]) for style in read.styles],
            shape=(last.height, last.width),
            rate=1.0,
            available=None,
        )
        return Job(plan, job.encoder, read)

    def start_losses(self, scale: ScalePlan) -> tuple[float, ...]:
        """Return the loss of every style at the first picture, at ``scale``."""
        generator = torch.Generator().manual_seed(self.recipe.seed)
        start = self.start((scale.height, scale.width), generator)
        return measure(self._even(scale), start, self.count)

    def improvements(self, scale: ScalePlan, image: Tensor) -> tuple[float, ...]:
        """Return RI of every style at ``scale`` for ``image`` (1,3,h,w) there.

        Nothing for one style, or where losses of single styles mean nothing: mixed statistics, styles by scale.
        """
        if self.count < 2 or self.recipe.blend == "statistics" or self.recipe.share == "scales":
            return ()
        return improvements(self.start_losses(scale), measure(self._even(scale), image, self.count))

    def _even(self, scale: ScalePlan) -> Objective:
        """Return the objective of all styles alone, through the unchanged view."""
        generator = torch.Generator().manual_seed(self.recipe.seed)
        targets = self.targets(scale, (1 / self.count,) * self.count, generator)
        targets.content = None
        (objective,) = build_objectives(targets).values()
        return objective

    def _layers(self) -> list[str]:
        return layers_of(self.recipe, self.job.content is not None, bool(self.job.styles))

    def _least(self) -> int:
        return self.job.encoder.minimum_side(self._layers())
