"""Colour-coded maps: a colour marks the same region in the map of the content and in those of the styles."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy
import torch
from torch.nn import functional

from impasto.errors import PictureError, RecipeError
from impasto.imaging.masks import called, read_proportional, scale_mask
from impasto.imaging.picture import PictureLike

_MOST_COLOURS = 16
_LEAST_SHARE = 0.005
_SAME = 32.0  # two colours closer than this in 8-bit RGB (Euclidean) are one; JPEG noise stays below
_FLAT = 24.0  # 3x3 pixels whose channels vary by no more than this are inside a region, not on an edge
_SURE = 12.0  # squared distance, two steps a channel: this pixel was painted, not mixed at an edge
_REACH = 7  # pixels of the window in which an edge pixel looks for the regions it lies between
_MIXED = 16.0  # how near the line between two colours their mixture lies
_LARGEST = 2048  # pixels of a map's longer side: finer edges have no effect on a style
# Photographs reach .60 within 8 of their main colours, flat paint .98, and .70 as a JPEG of 64 pixels.
_CLOSE = 8.0
_COVERED = 0.65


@dataclass(frozen=True, eq=False)
class Region:
    """One colour of the content's map, with its masks in the content and in each style.

    Attributes:
        colour: "#rrggbb" as in the content's map.
        content: float32 `(1, 1, H, W)`, 0 or 1; the regions of one content sum to exactly 1 at every pixel.
        styles: for each style a mask of the style's size, or None if its map lacks the colour; at least one is a mask.
    """

    colour: str
    content: torch.Tensor
    styles: tuple[torch.Tensor | None, ...]


def read_regions(
    content_map: PictureLike | None,
    style_maps: Sequence[PictureLike],
    *,
    content_size: tuple[int, int],
    style_sizes: Sequence[tuple[int, int]],
    names: Sequence[str],
) -> tuple[Region, ...]:
    """Read a colour-coded map of the content and one of each style; the same colour is the same region.

    A map is a picture of flat colours with the aspect ratio of its picture; it may be antialiased or JPEG, and
    transparent pixels count as black. Its colours are those that cover at least 0.5 % of it (inside the areas, where it
    has soft edges), at most 16; every pixel belongs to one. Colours within 32 of each other in 8-bit RGB are
    the same. Colours that only styles have are ignored. Regions come from the largest in the content to the
    smallest.

    content_size, style_sizes: `(height, width)` of the masks. names: names in messages of the content's map and
    then each style's. Raises RecipeError unless there is a map for the content and one for each style, and
    PictureError when a map cannot be read, has other proportions than its picture, looks like a photograph,
    or when no style has a colour of the content.
    """
    if content_map is None or not style_maps or len(style_maps) != len(style_sizes):
        raise RecipeError(
            f"Regions need one colour map for the content and one for each of the {len(style_sizes)} styles,"
            f" not {0 if content_map is None else 1} and {len(style_maps)}."
        )
    if len(names) != 1 + len(style_maps):
        raise RecipeError(f"There are {1 + len(style_maps)} colour maps, but {len(names)} names for them.")
    content = _read_map(content_map, content_size, called("colour map", names[0]))
    styles = [
        _read_map(source, size, called("colour map", name))
        for source, size, name in zip(style_maps, style_sizes, names[1:], strict=True)
    ]
    colours = torch.tensor(list(content), dtype=torch.float32)
    matched = [_match(style, colours) for style in styles]
    shares = {colour: mask.mean(dtype=torch.float64).item() for colour, mask in content.items()}
    for index, colour in enumerate(content):
        if all(index not in masks for masks in matched):
            known = sorted({_hex(other) for style in styles for other in style})
            raise PictureError(
                f"{called('colour map', names[0])} has {_hex(colour)} on {shares[colour]:.1%} of the picture,"
                f" but no style's map has it; the style maps have {', '.join(known)}:"
                " paint one of their areas in this colour."
            )
    regions = [
        (shares[colour], Region(_hex(colour), mask, tuple(masks.get(index) for masks in matched)))
        for index, (colour, mask) in enumerate(content.items())
    ]
    return tuple(region for _, region in sorted(regions, key=lambda pair: (-pair[0], pair[1].colour)))


Colour = tuple[int, int, int]


def _hex(colour: Colour) -> str:
    return "#" + bytes(colour).hex()


def _match(style: dict[Colour, torch.Tensor], colours: torch.Tensor) -> dict[int, torch.Tensor]:
    """Give each colour of a style to the nearest of the content's `(K, 3)` if it is the same; by its index."""
    masks: dict[int, torch.Tensor] = {}
    for colour, mask in style.items():
        distance, index = (colours - torch.tensor(colour)).norm(dim=1).min(0)
        if distance <= _SAME:
            nearest = int(index)
            masks[nearest] = masks[nearest] + mask if nearest in masks else mask
    return masks


def _read_map(source: PictureLike, size: tuple[int, int], what: str) -> dict[Colour, torch.Tensor]:
    """Return the mask of every colour that a map has at `size`; they sum to 1 at every pixel."""
    picture = read_proportional(source, *size, what, _LARGEST)
    pixels = picture.pixels if picture.alpha is None else picture.pixels * picture.alpha
    pixels = (pixels * 255.0).round()
    flat = _is_flat(pixels)
    palette = _palette(pixels, flat, what)
    labels = _labels(pixels, flat, palette)
    shares = torch.cat([scale_mask((labels == index).float(), *size) for index in range(len(palette))])
    # The largest share takes the pixel: whole numbers sum to exactly 1.
    winner = shares.argmax(0, keepdim=True)
    masks = {
        (int(red), int(green), int(blue)): (winner == index).float()
        for index, (red, green, blue) in enumerate(palette.tolist())
    }
    return {colour: mask for colour, mask in masks.items() if mask.any()}


def _is_flat(pixels: torch.Tensor) -> torch.Tensor:
    """Return a bool mask `(1, 1, H, W)` of pixels whose 3x3 neighbourhood in `(1, 3, H, W)` hardly varies."""
    highest = functional.max_pool2d(pixels, 3, stride=1, padding=1)
    lowest = -functional.max_pool2d(-pixels, 3, stride=1, padding=1)
    return (highest - lowest).amax(1, keepdim=True) <= _FLAT


def _palette(pixels: torch.Tensor, flat: torch.Tensor, what: str) -> torch.Tensor:
    """Return the colours of a map, float32 `(K, 3)` of whole numbers to 255, K from 1 to 16.

    A map of few colours counts with every pixel. One of many has soft edges or noise, and only what is flat
    counts: the mixtures along a long edge can cover more than a small region does.
    Raises PictureError when it has more than 16 colours or when they cover too little of it.
    """
    every, inside = pixels[0].permute(1, 2, 0).reshape(-1, 3), flat.flatten()
    colours, counts = _count(every)
    solid = _count(every[inside])
    if len(colours) <= _MOST_COLOURS:
        palette = _clusters(colours, counts, what)
        return _without_mixtures(palette, solid[0]) if inside.any() else palette
    palette = _clusters(*(solid if inside.any() else (colours, counts)), what)
    nearest = torch.full((len(colours),), torch.inf)
    for colour in palette:
        nearest = torch.minimum(nearest, (colours - colour).square().sum(1))
    covered = counts[nearest <= _CLOSE**2].sum().item() / len(every)
    if covered < _COVERED:
        raise PictureError(
            f"{what} has its main colours on only {covered:.0%} of its pixels and looks like a photograph,"
            f" not a map; give a picture of flat areas in at most {_MOST_COLOURS} colours."
        )
    return palette


def _count(colours: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the different colours `(K, 3)` of `(N, 3)` and how often each occurs, the most frequent first."""
    packed = (colours.long() * torch.tensor([65536, 256, 1])).sum(1)
    values, counts = (torch.from_numpy(array) for array in numpy.unique(packed.numpy(), return_counts=True))
    order = counts.argsort(descending=True, stable=True)
    values = values[order]
    return torch.stack((values // 65536, values // 256 % 256, values % 256), dim=1).float(), counts[order]


def _clusters(colours: torch.Tensor, counts: torch.Tensor, what: str) -> torch.Tensor:
    """Return the dominant of `(N, 3)` colours: again and again the most frequent with all that are like it."""
    least = _LEAST_SHARE * counts.sum().item()
    palette: list[torch.Tensor] = []
    while counts.sum().item() >= max(least, 1.0):
        like = (colours - colours[0]).square().sum(1) <= _SAME**2
        if counts[like].sum().item() >= least:
            palette.append(colours[0])
        if len(palette) > _MOST_COLOURS:
            raise PictureError(
                f"{what} has more than {_MOST_COLOURS} colours and looks like a photograph, not a map;"
                f" give a picture of flat areas in at most {_MOST_COLOURS} colours."
            )
        colours, counts = colours[~like], counts[~like]
    return torch.stack(palette) if palette else colours.new_zeros(0, 3)


def _without_mixtures(palette: torch.Tensor, flat: torch.Tensor) -> torch.Tensor:
    """Drop colours `(K, 3)` that lie between two of the flat ones `(N, 3)` and are never flat themselves."""
    solid = torch.cdist(palette, flat).amin(1) <= _SAME
    keep = solid.clone()
    for index in (~solid).nonzero().flatten().tolist():
        keep[index] = not any(
            _between(palette[index], first, second)
            for first, second in itertools.combinations(palette[solid], 2)
        )
    return palette[keep]


def _between(colour: torch.Tensor, first: torch.Tensor, second: torch.Tensor) -> bool:
    line = second - first
    position = float((colour - first).dot(line) / line.dot(line))
    return 0.0 < position < 1.0 and float((first + position * line - colour).norm()) <= _MIXED


def _labels(pixels: torch.Tensor, flat: torch.Tensor, palette: torch.Tensor) -> torch.Tensor:
    """Return the index of every pixel's colour, `(1, 1, H, W)`.

    A pixel inside an area or of exactly a palette colour has the nearest colour. One on an edge has the
    nearest of those around it: between black and white it is one of them, even where grey is a region too.
    """
    distances = torch.cat([(pixels - colour.view(1, 3, 1, 1)).square().sum(1) for colour in palette])
    nearest, labels = distances.min(0)
    sure = flat[0, 0] | (nearest <= _SURE)
    for index in range(len(palette)):
        here = (sure & (labels == index)).float()[None, None]
        around = functional.max_pool2d(here, _REACH, stride=1, padding=_REACH // 2)[0, 0] > 0
        distances[index] = torch.where(around, distances[index], torch.inf)
    nearby, local = distances.min(0)
    return torch.where(sure | nearby.isinf(), labels, local)[None, None]
