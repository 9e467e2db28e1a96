"""Run context: initial image, views, objectives and balance of one job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.imaging import resize
from impasto.optimize.balance import calibration_recipe, can_balance_during_run, improvements, measure
from impasto.optimize.build import build_objectives
from impasto.optimize.control import measured_distance
from impasto.optimize.initial_image import initial_image
from impasto.optimize.job import Job
from impasto.optimize.memory import ScalePlan
from impasto.optimize.mixing import styles_of_scale
from impasto.optimize.objective import Objective
from impasto.optimize.pictures import PicturesByScale
from impasto.optimize.plan import PictureSizes, layers_of, make_plan
from impasto.optimize.scale_encoders import ScaleEncoders
from impasto.optimize.terms import ScaleInputs, style_terms
from impasto.optimize.tiles.objective import TiledObjective
from impasto.optimize.views import View, make_views, make_wrapped_views


class RunContext:
    """Builds what the engine needs of one job, on ``device``."""

    def __init__(self, job: Job, device: torch.device) -> None:
        self.job = job
        self.recipe = job.plan.recipe
        self.device = device
        self.style_count = len(job.pictures.full.styles)
        self._tiled = job.make_tiled or TiledObjective

    def initial_image(self, size: tuple[int, int], generator: torch.Generator) -> Tensor:
        """Return the initial image (1,3,h,w) of ``size`` (height, width)."""
        pictures = self.job.pictures.at(max(size))
        image = initial_image(self.recipe, size, pictures.content, pictures.styles, pictures.start, generator)
        return image.to(self.device)

    def views(self, scale: ScalePlan) -> tuple[View, ...]:
        """Return the views of a scale; the first one does not change the image."""
        if self.recipe.seamless:
            return make_wrapped_views(self.recipe.views, scale.height, scale.width)
        pictures = self.job.pictures.full
        layers = layers_of(self.recipe, pictures.content is not None, bool(pictures.styles))
        # Shifts cut off a few pixels, which must be a small part of the image.
        max_shift = min(scale.height, scale.width) - 4 * self._encoder(scale).minimum_side(layers)
        return make_views(self.recipe.views, max(0, max_shift))

    def style_weights(self, scale: int) -> tuple[float, ...]:
        """Return the weight of each style at scale number ``scale``.

        Where styles have masks, the weights are multiplied by the number of styles. An even mix then paints each region
        like an image of one style.
        """
        weights = styles_of_scale(self.recipe, self.style_count, scale, len(self.job.plan.scales))
        if self.job.pictures.full.placement.masked:
            return tuple(weight * self.style_count for weight in weights)
        return weights

    def scale_inputs(
        self,
        scale: ScalePlan,
        style_weights: Sequence[float],
        generator: torch.Generator,
        base_image: Tensor | None = None,
    ) -> ScaleInputs:
        """Return the inputs of ``scale`` for term factories."""
        pictures = self.job.pictures.at(max(scale.height, scale.width))
        return ScaleInputs(
            self.recipe, scale, self._encoder(scale), pictures, tuple(style_weights), generator, base_image
        )

    def objectives(self, inputs: ScaleInputs, views: Iterable[View]) -> dict[View, Objective]:
        """Return the objective of every view, with the job's terms."""
        return build_objectives(inputs, self.job.term_factories, views, self._tiled)

    @torch.no_grad()
    def start_distance(self, inputs: ScaleInputs, objective: Objective) -> float | None:
        """Return the content distance of the one-pass picture that the run starts from.

        It is None for other starts, and at scales above the base size, where the content weight is not adapted.
        """
        held = self.recipe.start == "fast" and self.recipe.hold and inputs.base_image is None
        if not held or inputs.start is None:
            return None
        generator = inputs.generator
        random = None if generator is None else generator.get_state()
        _, terms = objective(inputs.start)
        if generator is not None and random is not None:
            # A loss that draws random numbers must draw the same ones in a run that is resumed.
            generator.set_state(random)
        return measured_distance(self.recipe, terms, 1.0)

    @property
    def balances(self) -> bool:
        """Whether the run needs factors on the styles' losses.

        Styles in masks, layers or scales of their own do not compete and need none.
        """
        recipe, masked = self.recipe, self.job.pictures.full.placement.masked
        compete = recipe.blend == "losses" and recipe.share == "everywhere" and not masked
        return self.style_count > 1 and recipe.balance and recipe.sigmas is None and compete

    @property
    def balances_during_run(self) -> bool:
        """Whether the run finds the factors itself, without a calibration run."""
        return self.balances and can_balance_during_run(self.recipe, self.style_count)

    def initial_sigmas(self) -> tuple[float, ...] | None:
        """Return the factors at the start, None if a calibration run has to find them."""
        if self.balances and not self.balances_during_run:
            return None
        return self.recipe.sigmas or (1.0,) * self.style_count

    def calibration_job(self) -> Job:
        """Return the job of the calibration run: the same images, small, at even weights."""
        job, base = self.job, self.recipe.base
        scales = [s for s in job.plan.scales if not base or max(s.height, s.width) <= base]
        recipe = calibration_recipe(self.recipe, sum(scale.steps for scale in scales or job.plan.scales))
        pictures = job.pictures.base or job.pictures.full
        # A run that is larger than its base size is calibrated at exactly the size of its scale at the base size.
        last = scales[-1] if scales and job.pictures.base else job.plan
        sizes = PictureSizes((last.height, last.width), pictures.sizes.styles, pictures.sizes.has_content)
        encoders = ScaleEncoders(job.encoders.main, job.encoders.speed)
        plan = make_plan(recipe, encoders, lambda side: sizes, available=None)  # noqa: ARG005
        return Job(plan, encoders, PicturesByScale(pictures), term_factories=job.term_factories)

    def initial_losses(self, scale: ScalePlan) -> tuple[float, ...]:
        """Return the loss of every style at the initial image, at ``scale``.

        A picture painted in one pass is a mixture of the styles already, so the content image takes its place.
        """
        generator = torch.Generator().manual_seed(self.recipe.seed)
        size = (scale.height, scale.width)
        content = self.job.pictures.at(max(size)).content
        if self.recipe.start == "fast" and content is not None:
            image = resize(content, size).to(self.device)
        else:
            image = self.initial_image(size, generator)
        return measure(self._even_styles(scale), image, self.style_count)

    def improvements(self, scale: ScalePlan, image: Tensor) -> tuple[float, ...]:
        """Return the relative improvement of every style at ``scale`` for ``image`` (1,3,h,w).

        It is empty for a single style, and where losses of single styles mean nothing: mixed statistics, and styles on
        scales of their own.
        """
        if self.style_count < 2 or self.recipe.blend == "statistics" or self.recipe.share == "scales":
            return ()
        final_losses = measure(self._even_styles(scale), image, self.style_count)
        return improvements(self.initial_losses(scale), final_losses)

    def _encoder(self, scale: ScalePlan) -> Encoder:
        return self.job.encoders.at(self.recipe, max(scale.height, scale.width))

    def _even_styles(self, scale: ScalePlan) -> Objective:
        """Return the objective of the style terms alone, at even weights and through the view that changes nothing."""
        generator = torch.Generator().manual_seed(self.recipe.seed)
        inputs = self.scale_inputs(scale, (1 / self.style_count,) * self.style_count, generator)
        (objective,) = build_objectives(inputs, (style_terms,), tiled=self._tiled).values()
        return objective
