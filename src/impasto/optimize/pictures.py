"""Input images of a run: read, prepared in colour, and chosen by scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from impasto.guidance import ColorSettings, Guides, Placement, Protection, place_styles, prepare_colors
from impasto.imaging import Picture, PictureLike, fit, picture_size, read_picture
from impasto.imaging.framing import read_cropped
from impasto.imaging.print_sizes import SMALLEST_SIDE, Size, size_changes
from impasto.losses.registry import STYLE_LOSSES
from impasto.optimize.plan import PictureSizes
from impasto.optimize.recipe import Recipe
from impasto.optimize.recipe_fields import LARGEST_DEFAULT_SIDE

# Height that stands for an aspect without a content image; rounding it never shows in 30 000 pixels.
ASPECT_UNIT = 100_000
MIN_STYLE_SIDE = 16
# Style images that are stretched to the output are read with this many times its pixels a side, up to a longer side of
# `MOST_OVERSAMPLED` pixels.
OVERSAMPLING, MOST_OVERSAMPLED = 4, 4096


@dataclass(frozen=True, eq=False)
class RunPictures:
    """The input images as read for one size of the output.

    Pixels are (1,3,H,W) in [0,1] on the CPU. ``content`` and ``styles`` are in the colours that the encoder gets,
    ``original`` is the content image in its own colours and ``alpha`` (1,1,H,W) its transparency. ``start`` is the
    initial image from a file. ``aspect`` is that of `PictureSizes`. Names are paths where there are any.
    """

    aspect: Size
    content: Tensor | None
    styles: tuple[Tensor, ...]
    start: Tensor | None
    placement: Placement
    original: Tensor | None = None
    alpha: Tensor | None = None
    content_name: str | None = None
    style_names: tuple[str | None, ...] = ()

    @property
    def sizes(self) -> PictureSizes:
        """The sizes that a plan needs."""
        styles = tuple((style.shape[2], style.shape[3]) for style in self.styles)
        return PictureSizes(self.aspect, styles, self.content is not None)

    @cached_property
    def protection(self) -> Protection | None:
        """The protection of the content image, None if nothing is protected."""
        if self.placement.protect is None or self.content is None:
            return None
        return Protection(self.placement.protect, self.content)


@dataclass(frozen=True, eq=False)
class PicturesByScale:
    """The input images of every scale.

    Scales up to ``base_side`` use ``base``, the images as read for a run of that size, so that every larger run begins
    with exactly that run. Larger scales use ``full``. Without ``base`` all scales use ``full``.
    """

    full: RunPictures
    base: RunPictures | None = None
    base_side: int | None = None

    def at(self, side: int) -> RunPictures:
        """Return the images for a scale whose longer side is ``side``."""
        if self.base is not None and self.base_side is not None and side <= self.base_side:
            return self.base
        return self.full


def color_settings(recipe: Recipe) -> ColorSettings:
    """Return the recipe's settings of colour."""
    return ColorSettings(recipe.colors, recipe.color_method, recipe.color_space)


def read_pictures(
    recipe: Recipe,
    content: PictureLike | None,
    styles: Sequence[PictureLike],
    guides: Guides,
    start: PictureLike | None = None,
) -> PicturesByScale:
    """Read the input images and masks; raises `PictureError` and `RecipeError`.

    ``start`` is the initial image; by default it is the recipe's ``start_picture``.
    """
    start = recipe.start_picture if start is None else start
    full = _read(recipe, content, styles, guides, start, recipe.side)
    if recipe.base is None or recipe.side <= recipe.base:
        return PicturesByScale(full)
    base = _read(recipe, content, styles, guides, start, recipe.base)
    return PicturesByScale(full, base, recipe.base)


def sized(recipe: Recipe, content: PictureLike | None, styles: Sequence[PictureLike] = ()) -> Recipe:
    """Return the recipe with the size of its output in pixels.

    Without a size it is that of the content image, at most 1024. Paper, lengths and megapixels take the shape of the
    content image, without one ``aspect`` or the first of ``styles``. Raises `PictureError` for an image that cannot be
    read and `RecipeError` as `output_frame` does.
    """
    if isinstance(recipe.size, int) or (recipe.size is None and content is None):
        return recipe
    photo = _shape(recipe, content, styles)
    if recipe.size is None:
        assert photo is not None
        side = min(LARGEST_DEFAULT_SIDE, max(SMALLEST_SIDE, *photo))
        return recipe.model_copy(update={"size": side})
    if recipe.size == "original" and content is None:
        photo = None
    changes = size_changes(recipe.size, photo, dpi=recipe.dpi, framing=recipe.framing)
    return Recipe.model_validate({**recipe.to_json(), **changes})


def _shape(recipe: Recipe, content: PictureLike | None, styles: Sequence[PictureLike]) -> Size | None:
    """Return a height and width of the shape of the output, None if nothing sets it."""
    if content is not None:
        return picture_size(content)
    if recipe.aspect is not None:
        return ASPECT_UNIT, max(1, round(ASPECT_UNIT * recipe.aspect))
    return picture_size(styles[0]) if styles else None


def longest_style_side(size: int, stroke: float) -> int:
    """Return the longer side at which style images are read for an output with a longer side of ``size``."""
    return max(MIN_STYLE_SIDE, round(size * stroke))


def _read(
    recipe: Recipe,
    content: PictureLike | None,
    styles: Sequence[PictureLike],
    guides: Guides,
    start_image: PictureLike | None,
    size: int,
) -> RunPictures:
    """Read everything for an output with a longer side of ``size``."""
    photo = None if content is None else _read_photo(recipe, content, size)
    longest = longest_style_side(size, recipe.stroke)
    style_pictures = [read_picture(style, longest=longest) for style in styles]
    start = None if start_image is None else read_picture(start_image, longest=size)
    picture = photo or start or style_pictures[0]
    aspect = (picture.height, picture.width)
    if recipe.box is not None:
        aspect = recipe.box
        if content is not None:
            guides = guides.cropped(aspect, picture_size(content))
    elif photo is None and recipe.aspect is not None:
        aspect = (ASPECT_UNIT, max(1, round(ASPECT_UNIT * recipe.aspect)))
    if STYLE_LOSSES[recipe.style_loss].needs_same_size(recipe):
        output = fit(*aspect, size)
        style_pictures = [
            _read_sharply(source, read, output) for source, read in zip(styles, style_pictures, strict=True)
        ]
    placement = place_styles(
        guides,
        fit(*aspect, size),
        [(style.height, style.width) for style in style_pictures],
        photo is not None,
        share=recipe.share,
        blend=recipe.blend,
    )
    original = None if photo is None else photo.pixels
    prepared_content, prepared_styles = prepare_colors(
        color_settings(recipe), original, [style.pixels for style in style_pictures]
    )
    return RunPictures(
        aspect=aspect,
        content=prepared_content,
        styles=prepared_styles,
        start=None if start is None else start.pixels,
        placement=placement,
        original=original,
        alpha=None if photo is None else photo.alpha,
        content_name=None if photo is None else _name(photo),
        style_names=tuple(_name(style) for style in style_pictures),
    )


def _read_photo(recipe: Recipe, content: PictureLike, size: int) -> Picture:
    """Return the content image with a longer side of at most ``size``, cropped where the recipe sets both sides."""
    if recipe.box is None:
        return read_picture(content, longest=size)
    return read_cropped(content, recipe.box, size, picture_size(content))


def _read_sharply(source: PictureLike, picture: Picture, output: Size) -> Picture:
    """Return ``source`` with about `OVERSAMPLING` times the pixels of ``output`` along both sides, where it has them.

    ``picture`` is ``source`` as read for the longer side alone. Stretched to an output of another aspect, it would be
    blurred along its shorter side; and every resampling blurs a little, so the last one should be the only one that
    shrinks much.
    """
    needed = max(output[0] / picture.height, output[1] / picture.width) * max(picture.height, picture.width)
    return read_picture(source, longest=math.ceil(max(needed, min(OVERSAMPLING * needed, MOST_OVERSAMPLED))))


def _name(picture: Picture) -> str | None:
    return str(picture.path.resolve()) if picture.path else picture.name
