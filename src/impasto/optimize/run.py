"""From pictures and a recipe to a job, and from a job to a picture: the Python way in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from impasto.encoders import Encoder, best_precision, open_device, open_encoder, prepare
from impasto.errors import RecipeError
from impasto.guidance import Guides, Result, place, prepare_colors
from impasto.imaging import Picture, PictureLike, fit, read_picture
from impasto.optimize.checkpoint import read_checkpoint
from impasto.optimize.engine import Painter
from impasto.optimize.events import Event, Finished
from impasto.optimize.job import Job, RunPictures, colors_of
from impasto.optimize.machine import available_memory, conv_rate
from impasto.optimize.mixing import check_mixing
from impasto.optimize.plan import Plan, check_memory, make_plan
from impasto.optimize.presets import make_recipe
from impasto.optimize.recipe import Recipe

Styles = PictureLike | Sequence[PictureLike]
# Height of the shape that stands for an aspect: large enough that rounding it never shows in 30 000 pixels.
ASPECT_UNIT = 100_000


def stylize(
    content: PictureLike | None,
    style: Styles | None = None,
    *,
    preset: str = "impasto",
    guides: Guides | None = None,
    **recipe: Any,
) -> Result:
    """Paint ``content`` in the style of ``style`` (one picture or several) and return the result.

    ``content`` None makes a texture of the style alone; ``style`` None reconstructs the content from its layers.
    ``guides`` say where styles go. Keywords are the fields of `Recipe`. Raises the `ImpastoError` that
    says what cannot be used.

    >>> import impasto
    >>> from impasto.plates import paint
    >>> result = impasto.stylize(paint("paper", 96), paint("swirls", 96), size=64, steps=4)
    >>> result.image.size
    (64, 48)
    """
    for event in stylize_events(content, style, preset=preset, guides=guides, **recipe):
        if isinstance(event, Finished):
            return event.result
    raise AssertionError("a run ends with Finished")  # unreachable: the engine ends with it or raises


def stylize_events(
    content: PictureLike | None,
    style: Styles | None = None,
    *,
    preset: str = "impasto",
    guides: Guides | None = None,
    preview_every: int = 0,
    **recipe: Any,
) -> Iterator[Event]:
    """Yield the events of the run that `stylize` makes; closing the generator stops it.

    ``preview_every`` asks for the picture so far after every so many steps.
    """
    job = open_job(make_recipe(preset, **recipe), content, _several(style), guides)
    yield from Painter(job, preview_every=preview_every).events()


def resume(checkpoint: str | Path, *, preview_every: int = 0) -> Painter:
    """Return a painter that goes on from a checkpoint, with the pictures it names.

    Raises `ResumeError` if the checkpoint or its pictures are not what they were.
    """
    path = Path(checkpoint)
    saved = read_checkpoint(path)
    guides = Guides.from_json(saved.inputs.get("guides", {}))
    job = open_job(saved.recipe, saved.inputs.get("content"), saved.inputs.get("styles", []), guides)
    return Painter(job, preview_every=preview_every, checkpoint=path, resume=saved)


def open_job(
    recipe: Recipe,
    content: PictureLike | None,
    styles: Sequence[PictureLike],
    guides: Guides | None = None,
) -> Job:
    """Read the pictures, open the encoder and plan the run.

    Raises what those raise, and `TooLargeError` if it would not fit into memory.
    """
    job, rate, available = _planned(recipe, content, styles, guides or Guides())
    if not job.plan.fits:
        check_memory(job.plan, _smaller(job, rate, available))
    return job


def plan_only(
    recipe: Recipe,
    content: PictureLike | None,
    styles: Sequence[PictureLike],
    guides: Guides | None = None,
) -> Plan:
    """Return the plan of a run without starting it and without refusing one that is too large."""
    return _planned(recipe, content, styles, guides or Guides())[0].plan


def _planned(
    recipe: Recipe, content: PictureLike | None, styles: Sequence[PictureLike], guides: Guides
) -> tuple[Job, float, int | None]:
    recipe = _possible(recipe, content is not None, bool(styles))
    read = _read(recipe, content, styles, guides, recipe.size)
    small = None
    if recipe.base is not None and recipe.size > recipe.base:
        small = _read(recipe, content, styles, guides, recipe.base)
    device = open_device(recipe.device)
    encoder = open_prepared(recipe, device)
    rate, available = conv_rate(device, encoder.dtype), available_memory(device)
    plan = make_plan(
        recipe,
        encoder,
        has_content=read.photo is not None,
        styles=read.sizes,
        shape=read.shape,
        rate=rate,
        available=available,
        composed=None if small is None else (small.shape, small.sizes),
    )
    check_mixing(recipe, len(read.arts), len(plan.scales))
    job = Job(
        plan,
        encoder,
        read.pictures,
        None if read.photo is None else read.photo.alpha,
        {
            "content": _name(read.photo),
            "styles": [_name(art) for art in read.arts],
            "guides": guides.to_json(),
        },
        None if small is None else small.pictures,
        None if read.photo is None else read.photo.pixels,
    )
    return job, rate, available


def _possible(recipe: Recipe, has_content: bool, has_styles: bool) -> Recipe:
    """Return the recipe without the layers that have no picture; raises `RecipeError` if nothing is left."""
    if not has_content and not has_styles:
        raise RecipeError("Neither a content nor a style picture was given; give at least one.")
    if has_content and recipe.seamless:
        raise RecipeError("A photograph does not wrap around; make a seamless texture of a style alone.")
    changes: dict[str, object] = {} if has_content else {"content_layers": {}}
    return recipe.model_copy(update=changes if has_styles else {**changes, "style_layers": {}})


@dataclass(frozen=True)
class _Read:
    """The pictures as read for one size, and the shape (height, width) that the output has there."""

    photo: Picture | None
    arts: list[Picture]
    shape: tuple[int, int]
    pictures: RunPictures

    @property
    def sizes(self) -> list[tuple[int, int]]:
        return [(art.height, art.width) for art in self.arts]


def _read(
    recipe: Recipe,
    content: PictureLike | None,
    styles: Sequence[PictureLike],
    guides: Guides,
    size: int,
) -> _Read:
    """Read everything for a longer side of ``size``, and bring it into the colours to compare."""
    photo = None if content is None else read_picture(content, longest=size)
    arts = [read_picture(style, longest=max(16, round(size * recipe.stroke))) for style in styles]
    first = None if recipe.start_picture is None else read_picture(recipe.start_picture, longest=size)
    picture = photo or first or arts[0]
    shape = (picture.height, picture.width)
    if photo is None and recipe.aspect is not None:
        shape = (ASPECT_UNIT, max(1, round(ASPECT_UNIT * recipe.aspect)))
    sizes = [(art.height, art.width) for art in arts]
    placement = place(
        guides, fit(*shape, size), sizes, photo is not None, share=recipe.share, blend=recipe.blend
    )
    pixels = None if photo is None else photo.pixels
    colors = prepare_colors(colors_of(recipe), pixels, [art.pixels for art in arts])
    pictures = RunPictures(*colors, None if first is None else first.pixels, placement)
    return _Read(photo, arts, shape, pictures)


def open_prepared(recipe: Recipe, device: torch.device) -> Encoder:
    """Return the recipe's encoder on ``device`` in the recipe's number format."""
    precision = best_precision(device) if recipe.precision == "auto" else recipe.precision
    weights = None if recipe.weights is None else Path(recipe.weights)
    pooling = recipe.pooling or "max"
    return prepare(open_encoder(recipe.encoder, weights=weights, pooling=pooling), device, precision)


def _smaller(job: Job, rate: float, available: int | None) -> Plan | None:
    """Return the plan of the largest size below the job's that fits, in steps of an eighth."""
    plan, size = job.plan, job.plan.recipe.size
    while size > 64:
        size = size * 7 // 8
        recipe = plan.recipe.model_copy(update={"size": size})
        smaller = make_plan(
            recipe,
            job.encoder,
            has_content=job.content is not None,
            styles=[(style.shape[2], style.shape[3]) for style in job.styles],
            shape=(plan.height, plan.width),
            rate=rate,
            available=available,
        )
        if smaller.fits:
            return smaller
    return None


def _several(style: Styles | None) -> Sequence[PictureLike]:
    if style is None:
        return []
    if isinstance(style, Sequence) and not isinstance(style, str):
        return style
    return [style]


def _name(picture: Picture | None) -> str | None:
    if picture is None:
        return None
    return str(picture.path.resolve()) if picture.path else picture.name
