"""Both ways of painting together: by optimisation, and in one pass of a network.

`impasto.optimize` and `impasto.feedforward` do not import each other. Code that needs both is here: a painting that
starts from a one-pass picture, and conversion of settings. Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from impasto.errors import RecipeError
from impasto.feedforward.settings import OnePassSettings
from impasto.optimize.control import start_share
from impasto.optimize.presets import change_recipe, make_recipe
from impasto.optimize.recipe import Recipe
from impasto.optimize.recipe_fields import LARGEST_DEFAULT_SIDE
from impasto.optimize.recipe_keywords import RecipeKeywords
from impasto.provenance import read_provenance, stored_path

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from impasto.encoders import Encoder
    from impasto.feedforward.stylizer import Stylizer
    from impasto.guidance import Guides, Result
    from impasto.imaging import Picture, PictureLike
    from impasto.optimize import Event, Job, Painter, TermFactory


Model = TypeVar("Model")
# Fields of a recipe that painting in one pass has.
ONE_PASS_FIELDS = ("size", "framing", "dpi", "canvas", "strength", "stroke", "mix", "colors", "device")
# Fields of a recipe that decide which encoder is opened, and how.
ENCODER_FIELDS = ("encoder", "weights", "pooling", "rescale_pooling", "padding", "precision")


class OpenModels:
    """Encoders and the network for any style, opened once for many paintings; the last `MOST` of each stay open."""

    MOST = 4

    def __init__(self) -> None:
        self._encoders: dict[Hashable, Encoder] = {}
        self._stylizers: dict[Hashable, Stylizer] = {}

    def encoder(self, recipe: Recipe, device: torch.device) -> Encoder:
        """Return the recipe's encoder on ``device``; raises what `open_recipe_encoder` raises."""
        from impasto.optimize.run import open_recipe_encoder

        key = (str(device), *(getattr(recipe, name) for name in ENCODER_FIELDS))
        return _recall(self._encoders, key, lambda: open_recipe_encoder(recipe, device), self.MOST)

    def stylizer(self, device: str) -> Stylizer:
        """Return the network for any style in torch on ``device``; raises what `Stylizer` raises."""
        from impasto.feedforward.stylizer import Stylizer

        return _recall(self._stylizers, device, lambda: Stylizer(device=device), self.MOST)


def _recall(
    memory: dict[Hashable, Model], key: Hashable, open_model: Callable[[], Model], most: int
) -> Model:
    """Return the model of ``key``, opened if it is not in ``memory``; the longest unused one is forgotten."""
    model = memory.pop(key, None)
    memory[key] = open_model() if model is None else model
    if len(memory) > most:
        del memory[next(iter(memory))]
    return memory[key]


def one_pass_settings(recipe: Recipe) -> OnePassSettings:
    """Return the settings that a recipe has in common with painting in one pass, which never enlarges a picture."""
    fields = {name: getattr(recipe, name) for name in ONE_PASS_FIELDS if name != "device"}
    if recipe.mix is not None and len(recipe.mix) == 1:
        fields["mix"] = (recipe.mix[0], 1 - recipe.mix[0])
    if recipe.size is None:
        fields["size"] = LARGEST_DEFAULT_SIDE
    return OnePassSettings(**fields)


def typed_one_pass_settings(fields: Mapping[str, Any]) -> OnePassSettings:
    """Return the settings of one pass for typed ``fields`` of a recipe; raises `RecipeError` for impossible values.

    The stroke may lie outside the optimiser's range: the network checks its own.
    """
    recipe = make_recipe(**{**fields, "stroke": None})
    stroke = OnePassSettings.make({"stroke": fields.get("stroke", recipe.stroke)}).stroke
    return one_pass_settings(recipe).model_copy(update={"stroke": stroke})


def default_start(has_content: bool, has_styles: bool) -> dict[str, str]:
    """Return the start of a texture or a reconstruction; it is empty with both images, where the preset decides."""
    if not has_content:
        return {"start": "style"}
    return {} if has_styles else {"start": "noise"}


def stylize(
    content: PictureLike | None,
    style: PictureLike | Sequence[PictureLike] | None = None,
    *,
    preset: str = "impasto",
    guides: Guides | None = None,
    **recipe: Unpack[RecipeKeywords],
) -> Result:
    """Paint ``content`` in the style of ``style`` (one image or several) and return the result.

    Without ``content``, the result is a texture of the style. Without ``style``, the content is reconstructed from its
    layers. ``guides`` are masks and regions. Other keywords are the fields of `Recipe`. Raises an `ImpastoError` for
    inputs or settings that cannot be used.

    >>> import impasto
    >>> from impasto.plates import paint
    >>> result = impasto.stylize(paint("paper", 96), paint("swirls", 96), size=64, steps=4)
    >>> result.image.size
    (64, 48)
    """
    from impasto.optimize import Finished

    events = stylize_events(content, style, preset=preset, guides=guides, **recipe)
    return next(event.result for event in events if isinstance(event, Finished))


def stylize_events(
    content: PictureLike | None,
    style: PictureLike | Sequence[PictureLike] | None = None,
    *,
    preset: str = "impasto",
    guides: Guides | None = None,
    preview_every: int = 0,
    **recipe: Unpack[RecipeKeywords],
) -> Iterator[Event]:
    """Yield the events of the run of `stylize`; closing the generator stops the run.

    ``preview_every`` emits the current picture after that many steps.
    """
    from impasto.optimize import Painter

    styles: Sequence[PictureLike] = ()
    if style is not None:
        styles = style if isinstance(style, Sequence) and not isinstance(style, str | bytes) else [style]
    settings: dict[str, Any] = dict(recipe)
    if "start" not in settings and "start_picture" not in settings:
        settings |= default_start(content is not None, bool(styles))
    job = open_job(make_recipe(preset, **settings), content, styles, guides)
    yield from Painter(job, preview_every=preview_every).events()


def resume(
    checkpoint: str | Path,
    *,
    preview_every: int = 0,
    term_factories: Sequence[TermFactory] | None = None,
) -> Painter:
    """Return a painter that continues from a checkpoint, with the images named in it.

    ``term_factories`` are those of the run (see `open_job`); checkpoints do not store them. Raises `ResumeError` if the
    checkpoint cannot be read or its images have changed.
    """
    from impasto.guidance import Guides
    from impasto.optimize import Painter
    from impasto.optimize.checkpoint import read_checkpoint

    path = Path(checkpoint)
    saved = read_checkpoint(path)
    guides = Guides.from_json(saved.input_names.get("guides", {}))
    styles = saved.input_names.get("styles", [])
    content = saved.input_names.get("content")
    job = open_job(saved.recipe, content, styles, guides, term_factories, saved.start_recipe)
    return Painter(job, preview_every=preview_every, checkpoint_path=path, resume_from=saved)


def open_job(
    recipe: Recipe,
    content: PictureLike | None,
    styles: Sequence[PictureLike],
    guides: Guides | None = None,
    term_factories: Sequence[TermFactory] | None = None,
    start_recipe: Recipe | None = None,
    models: OpenModels | None = None,
) -> Job:
    """Return the job of a painting; one that starts "fast" is first painted in one pass.

    ``start_recipe`` is the recipe that the run began with, if strength or mix were changed since then. ``models`` are
    shared with other paintings. Raises what `impasto.optimize.open_job` and `Stylizer` raise.
    """
    from impasto.encoders import open_device
    from impasto.guidance import Guides
    from impasto.optimize import DEFAULT_TERMS
    from impasto.optimize import open_job as open_optimisation
    from impasto.optimize.pictures import sized

    guides = guides or Guides()
    recipe = sized(recipe, content, styles)
    if recipe.start == "fast":
        recipe = change_recipe(recipe.to_json(), **default_start(content is not None, bool(styles)))
    models, start = models or OpenModels(), None
    if recipe.start == "fast":
        models.encoder(recipe, open_device(recipe.device))  # fails before the start is painted
        start = one_pass_start(start_recipe or recipe, content, styles, guides, models)
    factories = DEFAULT_TERMS if term_factories is None else term_factories
    job = open_optimisation(
        recipe, content, styles, guides, factories, start=start, open_encoder=models.encoder
    )
    return replace(job, start_recipe=start_recipe)


def one_pass_start(
    recipe: Recipe,
    content: PictureLike | None,
    styles: Sequence[PictureLike],
    guides: Guides,
    models: OpenModels | None = None,
) -> Tensor:
    """Return the picture (1,3,H,W) of the network for any style from which a painting with ``recipe`` starts.

    It has the recipe's mix, or the masks or regions of ``guides``, and its strength and stroke as far as the network
    has them. Below a strength of .5 it is blended with the content image. Style masks are left to the optimisation.
    """
    from impasto.guidance import Guides
    from impasto.imaging import picture_size, read_picture
    from impasto.imaging.framing import read_cropped

    stylizer = (models or OpenModels()).stylizer(recipe.device)
    low, high = stylizer.model.strokes
    shared = one_pass_settings(recipe)
    assert content is not None
    size = min(recipe.side, recipe.base or recipe.side)
    if recipe.box is None:
        photo = read_picture(content, longest=size)
    else:
        whole = picture_size(content)
        photo, guides = read_cropped(content, recipe.box, size, whole), guides.cropped(recipe.box, whole)
    masks = guides.masks if guides.regions is None else _region_masks(guides, photo, styles)
    settings = shared.model_copy(
        update={
            "stroke": min(high, max(low, recipe.stroke)),
            "mix": None if masks or len(styles) == 1 else shared.mix,
            "colors": 0.0,
            "size": size,
            "canvas": None,
        }
    )
    painted = stylizer.paint(photo, styles, settings, Guides(masks)).pixels
    share = start_share(recipe.strength)
    if share == 1:
        return painted
    return photo.pixels + share * (painted - photo.pixels)


def _region_masks(guides: Guides, photo: Picture, styles: Sequence[PictureLike]) -> tuple[PictureLike, ...]:
    """Return the mask (1,1,H,W) of every style in the content image that the coloured regions of ``guides`` give it."""
    import torch

    from impasto.guidance import place_styles
    from impasto.imaging import read_picture

    size = (photo.height, photo.width)
    pictures = [read_picture(style, longest=max(size)) for style in styles]
    sizes = [(picture.height, picture.width) for picture in pictures]
    placement = place_styles(guides, size, sizes, has_content=True)
    masks = [torch.zeros(1, 1, *size) for _ in styles]
    for region in placement.regions:
        if region.mask is not None:
            masks[region.style_index] += region.weight * region.mask
    return tuple(masks)


def replay(source: str | Path) -> Result:
    """Paint an image again, the way it was painted, from the provenance in it or in its JSON sidecar.

    Raises `RecipeError` if it has none or an image it was painted from is gone, and what painting raises.
    """
    from impasto.guidance import Guides

    provenance = read_provenance(Path(source))
    guides = Guides.from_json(provenance.images.get("guides") or {})
    content = provenance.images.get("content")
    if content is not None:
        content = stored_path(content, "content picture", provenance.source, "put it back")
    styles = [
        stored_path(name, "style picture", provenance.source, "put it back")
        for name in provenance.images.get("styles") or []
    ]
    if provenance.one_pass:
        if content is None:
            raise RecipeError(f"'{source}' does not say from which picture it was painted.")
        stylizer = provenance.open_stylizer()
        chosen = provenance.trained_styles or styles
        return stylizer.paint(content, chosen, provenance.one_pass_settings, guides)
    from impasto.optimize import Finished, Painter

    job = open_job(make_recipe(**provenance.recipe), content, styles, guides)
    return next(event.result for event in Painter(job).events() if isinstance(event, Finished))
