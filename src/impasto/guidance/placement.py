"""Placement: the masks of every style at the size of the output, read from the guides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from impasto.errors import PictureError, RecipeError
from impasto.guidance.guides import Guides, display_name
from impasto.imaging import complete_masks, read_mask, read_regions

Size = tuple[int, int]
# A mask with a smaller mean than this is empty.
MIN_MASK_MEAN = 1e-3


@dataclass(frozen=True, eq=False)
class StyleRegion:
    """Style number ``style_index`` (from 0), the region of the output that it is painted in and the part of its image
    that counts.

    The region ``mask`` and the part ``style_mask`` are (1,1,H,W); None means everywhere. ``weight`` is 1 divided by the
    number of styles that have the same region of a map.
    """

    style_index: int
    mask: Tensor | None = None
    style_mask: Tensor | None = None
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class Placement:
    """The regions of all styles, and the mask (1,1,H,W) of the protected part."""

    regions: tuple[StyleRegion, ...]
    protect: Tensor | None = None

    @property
    def masked(self) -> bool:
        """Whether any style has a region of its own."""
        return any(region.mask is not None for region in self.regions)

    @property
    def tensors(self) -> list[Tensor]:
        """All masks."""
        masks = [
            self.protect,
            *(mask for region in self.regions for mask in (region.mask, region.style_mask)),
        ]
        return [mask for mask in masks if mask is not None]


def place_styles(
    guides: Guides,
    size: Size,
    styles: Sequence[Size],
    has_content: bool,
    *,
    share: str = "everywhere",
    blend: str = "losses",
) -> Placement:
    """Return the placement of ``styles``, given by their sizes, in an output of ``size``.

    ``share`` and ``blend`` are settings of the recipe. Raises `RecipeError` for guides that do not fit together or do
    not fit the recipe, and `PictureError` for guides that do not fit the images.
    """
    _check(guides, len(styles), has_content, {"share": share, "blend": blend})
    protect = (
        None
        if guides.protect is None
        else read_mask(guides.protect, *size, name=display_name(guides.protect))
    )
    if protect is not None and (1 - protect).mean() < MIN_MASK_MEAN:
        raise PictureError(
            f"The mask '{display_name(guides.protect)}' protects the whole picture; leave some of it black to paint."
        )
    if guides.regions is not None:
        return Placement(_mapped_regions(guides, size, styles), protect)
    style_masks: list[Tensor | None] = [None] * len(styles)
    for index, style_mask in enumerate(guides.style_masks):
        style_masks[index] = read_mask(style_mask, *styles[index], name=display_name(style_mask))
        if style_masks[index].mean() < MIN_MASK_MEAN:  # type: ignore[union-attr]
            raise PictureError(
                f"The style mask '{display_name(style_mask)}' is black; paint the part that counts white."
            )
    masks: Sequence[Tensor | None] = [None] * len(styles)
    if guides.masks:
        read = [read_mask(mask, *size, name=display_name(mask)) for mask in guides.masks]
        masks = complete_masks(read, len(styles), [display_name(mask) for mask in guides.masks])
    parts = zip(range(len(styles)), masks, style_masks, strict=True)
    return Placement(tuple(StyleRegion(*part) for part in parts), protect)


def _mapped_regions(guides: Guides, size: Size, styles: Sequence[Size]) -> tuple[StyleRegion, ...]:
    assert guides.regions is not None
    names = [display_name(guides.regions), *(display_name(guide) for guide in guides.style_regions)]
    regions = read_regions(
        guides.regions, guides.style_regions, content_size=size, style_sizes=styles, names=names
    )
    style_regions = []
    for region in regions:
        indices = [index for index, mask in enumerate(region.styles) if mask is not None]
        style_regions += [
            StyleRegion(index, region.content, region.styles[index], 1 / len(indices)) for index in indices
        ]
    return tuple(style_regions)


def _check(guides: Guides, styles: int, has_content: bool, mixing: Mapping[str, str]) -> None:
    if guides.regions is None and guides.style_regions:
        raise RecipeError("Maps of the styles' regions need a map of the content image too; give --regions.")
    if guides.regions is not None and (guides.masks or guides.style_masks):
        raise RecipeError("Masks and colour-coded regions both say where styles go; give one of them.")
    if guides.regions is not None and styles and len(guides.style_regions) != styles:
        raise RecipeError(
            f"{_there_are(styles)}, but {_count(len(guides.style_regions), 'map')} of the styles' "
            "regions; give --style-regions once for each style."
        )
    if len(guides.style_masks) > styles:
        raise RecipeError(
            f"{_there_are(styles)}, but {_count(len(guides.style_masks), 'style mask')}; give at "
            "most one per style."
        )
    if guides.masks and styles and len(guides.masks) not in (styles, max(1, styles - 1)):
        raise RecipeError(
            f"{_there_are(styles)}, but {_count(len(guides.masks), 'mask')}; give one for each style, "
            "or one fewer: the last style then gets the rest."
        )
    if guides.protect is not None and not has_content:
        raise RecipeError("There is no content image to protect; leave --protect out.")
    if (guides.masks or guides.regions is not None) and not styles:
        raise RecipeError("Masks say where styles go, but there is no style; leave them out.")
    if guides.masks or guides.regions is not None:
        for name, value in mixing.items():
            if value not in ("everywhere", "losses"):
                raise RecipeError(
                    f"Masks give every style its own region, and so does {name} '{value}'; leave one of them out."
                )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _there_are(styles: int) -> str:
    return f"There {'is' if styles == 1 else 'are'} {_count(styles, 'style')}"
