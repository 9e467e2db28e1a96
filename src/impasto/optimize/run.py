"""Open a job of painting by optimisation, or plan it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from impasto.encoders import Encoder, best_precision, open_device, open_encoder, prepare
from impasto.errors import RecipeError
from impasto.guidance import Guides
from impasto.imaging import PictureLike
from impasto.optimize.calibration import gradient_speed
from impasto.optimize.context import RunContext
from impasto.optimize.job import Job
from impasto.optimize.machine import available_memory
from impasto.optimize.mixing import check_mixing
from impasto.optimize.notes import plan_notes
from impasto.optimize.pictures import read_pictures, sized
from impasto.optimize.plan import PictureSizes, Plan, check_memory, layers_of, make_plan
from impasto.optimize.presets import PRESETS
from impasto.optimize.recipe import Recipe
from impasto.optimize.scale_encoders import ScaleEncoders, fine_recipe, needs_fine
from impasto.optimize.terms import DEFAULT_TERMS, TermFactory

OpenEncoder = Callable[[Recipe, torch.device], Encoder]
# A size that is proposed instead of one that does not fit is a multiple of this.
SIZE_STEP = 16


def open_job(
    recipe: Recipe,
    content: PictureLike | None,
    styles: Sequence[PictureLike],
    guides: Guides | None = None,
    term_factories: Sequence[TermFactory] = DEFAULT_TERMS,
    *,
    start: PictureLike | None = None,
    open_encoder: OpenEncoder | None = None,
) -> Job:
    """Read the images, open the encoder and plan the run.

    ``term_factories`` build the terms of the objective. ``start`` is the initial image, if it is not in a file; a
    recipe that starts "fast" needs it (`impasto.painting.open_job` paints it). ``open_encoder`` replaces
    `open_recipe_encoder`, to reuse encoders. Raises `PictureError`, `RecipeError` and
    `WeightsError` for inputs that cannot be used, and `TooLargeError` if the run would not fit into memory.
    """
    if recipe.start == "fast" and start is None:
        raise RecipeError(
            "The start 'fast' is painted by a one-pass network; open the job with impasto.painting."
        )
    job = _open(recipe, content, styles, guides or Guides(), term_factories, start, open_encoder)
    if not job.plan.fits:
        check_memory(job.plan, _largest_plan_that_fits(job))
    return job


def plan_only(
    recipe: Recipe,
    content: PictureLike | None,
    styles: Sequence[PictureLike],
    guides: Guides | None = None,
) -> Plan:
    """Return the plan of a run without starting it, even if the run would not fit into memory."""
    return _open(recipe, content, styles, guides or Guides()).plan


def plan_with_limit(
    recipe: Recipe,
    content: PictureLike | None,
    styles: Sequence[PictureLike],
    guides: Guides | None = None,
) -> tuple[Plan, int | None]:
    """Return the plan of `plan_only`, and the largest size that fits if the plan does not (None if no size does)."""
    job = _open(recipe, content, styles, guides or Guides())
    largest = None if job.plan.fits else _largest_plan_that_fits(job)
    return job.plan, None if largest is None else largest.recipe.side


def _open(
    recipe: Recipe,
    content: PictureLike | None,
    styles: Sequence[PictureLike],
    guides: Guides,
    term_factories: Sequence[TermFactory] = DEFAULT_TERMS,
    start: PictureLike | None = None,
    open_encoder: OpenEncoder | None = None,
) -> Job:
    recipe = sized(_without_unused_layers(recipe, content is not None, bool(styles)), content, styles)
    pictures = read_pictures(recipe, content, styles, guides, start)
    device = open_device(recipe.device)
    layers = layers_of(recipe, content is not None, bool(styles))
    encoders = _open_encoders(recipe, layers, device, open_encoder or open_recipe_encoder)
    plan = make_plan(
        recipe, encoders, lambda side: pictures.at(side).sizes, available=available_memory(device)
    )
    check_mixing(recipe, len(styles), len(plan.scales))
    inputs = {
        "content": pictures.full.content_name,
        "styles": list(pictures.full.style_names),
        "guides": guides.to_json(),
    }
    job = Job(plan, encoders, pictures, inputs, tuple(term_factories))
    seconds = plan.seconds + _calibration_seconds(RunContext(job, device))
    return replace(job, plan=replace(plan, seconds=seconds, notes=plan_notes(plan, pictures)))


def _calibration_seconds(context: RunContext) -> float:
    """Return the estimated time of the calibration run, 0 for a run that needs none."""
    if context.initial_sigmas() is not None:
        return 0.0
    plan = context.calibration_job().plan
    return plan.seconds - plan.start_seconds  # it starts from the picture of the run


def _open_encoders(
    recipe: Recipe, layers: Sequence[str], device: torch.device, open_one: OpenEncoder
) -> ScaleEncoders:
    """Return the encoders of a run with their speeds on this machine."""

    def opened(recipe: Recipe) -> tuple[Encoder, float]:
        encoder = open_one(recipe, device)
        _check_layers(recipe, encoder)
        return encoder, gradient_speed(encoder, sorted(set(layers)) or list(encoder.layers)[:1], device)

    fine = opened(fine_recipe(recipe)) if needs_fine(recipe) else (None, 1.0)
    return ScaleEncoders(*opened(recipe), *fine)


def _without_unused_layers(recipe: Recipe, has_content: bool, has_styles: bool) -> Recipe:
    """Return the recipe without the layers of missing images; raises `RecipeError` if nothing is left."""
    if not has_content and not has_styles:
        raise RecipeError("Neither a content nor a style picture was given; give at least one.")
    if has_content and recipe.seamless:
        raise RecipeError("A photograph does not tile; make a seamless texture of a style alone.")
    changes: dict[str, object] = {} if has_content else {"content_layers": {}}
    return recipe.model_copy(update=changes if has_styles else {**changes, "style_layers": {}})


def _check_layers(recipe: Recipe, encoder: Encoder) -> None:
    """Raise `RecipeError` if a preset compares layers that the encoder does not have."""
    preset = PRESETS.get(recipe.preset)
    for field in ("content_layers", "style_layers"):
        layers = [layer for layer, weight in getattr(recipe, field).items() if weight]
        missing = [layer for layer in layers if encoder.aliases.get(layer, layer) not in encoder.layers]
        if preset is not None and missing and getattr(recipe, field) == preset.fields[field]:
            raise RecipeError(
                f"Preset '{preset.name}' compares {', '.join(missing)}, which encoder '{encoder.name}' does not have; "
                f"use --encoder {preset.fields['encoder']}, or choose --{field.replace('_', '-')} among "
                f"{', '.join(encoder.layers)}."
            )


def open_recipe_encoder(recipe: Recipe, device: torch.device) -> Encoder:
    """Return the recipe's encoder on ``device`` in the recipe's number format."""
    precision = best_precision(device) if recipe.precision == "auto" else recipe.precision
    weights = None if recipe.weights is None else Path(recipe.weights)
    encoder = open_encoder(
        recipe.encoder,
        weights=weights,
        pooling=recipe.pooling or "max",
        padding=recipe.padding or "replicate",
        rescale=recipe.rescale_pooling is not False,
    )
    return prepare(encoder, device, precision)


def _largest_plan_that_fits(job: Job) -> Plan | None:
    """Return the plan of the largest size below the job's that fits, a multiple of 16; None if none does."""
    plan, full = job.plan, job.pictures.full.sizes
    sizes = PictureSizes((plan.height, plan.width), full.styles, full.has_content)

    def plan_at(size: int) -> Plan:
        return make_plan(
            plan.recipe.model_copy(update={"size": size}),
            job.encoders,
            lambda side: sizes,  # noqa: ARG005
            available=plan.available,
        )

    largest: Plan | None = None
    fits, too_large = 0, max(1, plan.recipe.side // SIZE_STEP)
    while too_large - fits > 1:
        middle = (fits + too_large) // 2
        smaller = plan_at(middle * SIZE_STEP)
        if smaller.fits:
            fits, largest = middle, smaller
        else:
            too_large = middle
    return largest
