"""Masks: float32 `(1, 1, H, W)` in [0, 1]; white (1) selects a pixel."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy
import torch
from torch.nn import functional

from impasto.errors import PictureError, RecipeError, unknown
from impasto.imaging.mask_names import MASK_NAMES
from impasto.imaging.picture import Picture, PictureLike
from impasto.imaging.read import picture_size, read_picture
from impasto.imaging.resizing import resize

_LARGEST = 4096  # longer side in pixels; finer detail has no effect
_COLOURED = (
    0.15  # difference of red, green and blue from which a pixel counts as coloured; JPEG noise stays below
)
_COLOURED_SHARE = 0.005
_DARKEST = 1.01 / 255.0  # the first 8-bit step above black still counts as black, also in float32
_LEAST_MEAN = 1e-4
_OVERLAP = 1.1 + 1e-6
_OVERLAP_SHARE = 0.01


def read_mask(source: PictureLike, height: int, width: int, *, name: str = "mask") -> torch.Tensor:
    """Read a mask for a picture of `height` x `width`: float32 `(1, 1, height, width)` in [0, 1].

    source: a name in MASK_NAMES, or anything `read_picture` accepts, and bool arrays and tensors. The value is the
    stored grey value (mean of red, green and blue) times alpha, if any. It is resized by area averaging to shrink and
    bicubically to enlarge. name: name of the mask in messages.

    Raises PictureError if it cannot be read, is coloured, or has another aspect ratio than the picture (1 % or one
    pixel of rounding is allowed), and RecipeError for a size below 1.
    """
    if isinstance(source, str) and source in MASK_NAMES:
        return ramp(source, height, width)
    what = called("mask", name)
    picture = read_proportional(source, height, width, what, _LARGEST)
    alpha = torch.ones_like(picture.pixels[:, :1]) if picture.alpha is None else picture.alpha
    spread = (picture.pixels.amax(1) - picture.pixels.amin(1)) * alpha[:, 0]
    share = (spread > _COLOURED).float().mean().item()
    if share > _COLOURED_SHARE:
        raise PictureError(
            f"{what} is coloured on {share:.1%} of its pixels, but a mask is grey, white where it applies;"
            " for colour-coded maps use --regions."
        )
    return scale_mask(picture.pixels.mean(1, keepdim=True) * alpha, height, width)


def ramp(word: str, height: int, width: int) -> torch.Tensor:
    """Return the smooth mask with a name in MASK_NAMES, float32 `(1, 1, height, width)`.

    With S(t) = 3t² - 2t³ and t from 0 to 1 between the centres of the outermost pixels: right = S(t) along
    the columns and left = 1 - right; bottom = S(t) along the rows and top = 1 - bottom; centre = 1 - S(r),
    r = 1 on the ellipse that touches the four edges and beyond it. A single pixel has t = 1/2.
    Raises RecipeError for another name and for a size below 1.
    """
    if word not in MASK_NAMES:
        raise RecipeError(unknown("word for a mask", word, MASK_NAMES))
    _check_size(height, width)
    rows, columns = _positions(height)[:, None], _positions(width)[None, :]
    if word == "centre":
        radius = torch.hypot(2.0 * rows - 1.0, 2.0 * columns - 1.0).clamp(max=1.0)
        values = 1.0 - _smoothstep(radius)
    else:
        values = _smoothstep(columns if word in ("left", "right") else rows)
        values = 1.0 - values if word in ("left", "top") else values
    return values.expand(height, width)[None, None].float().contiguous()


def complete_masks(
    masks: Sequence[torch.Tensor], styles: int, names: Sequence[str]
) -> tuple[torch.Tensor, ...]:
    """Return one mask per style, all `(1, 1, H, W)`, whose sum is at most 1 at every pixel.

    masks: one per style, or one fewer: the last style then gets the rest, 1 - their sum. Where the sum exceeds 1 the
    masks are divided by it; it may exceed 1.1 on at most 1 % of the pixels. names: names of the masks in messages.

    Raises RecipeError for another number of masks or names, and PictureError if masks differ in size, one is empty (no
    value above 1/255, or a mean below 1e-4), they overlap more, or nothing is left for the last style.
    """
    if not masks or len(masks) not in (styles, styles - 1):
        raise RecipeError(
            f"There are {styles} styles, but {len(masks)} masks; give one for each style, or one fewer:"
            " the last style then gets what the others leave."
        )
    if len(names) != len(masks):
        raise RecipeError(
            f"There are {len(masks)} masks, but {len(names)} names for them; give one for each."
        )
    for mask, name in zip(masks, names, strict=True):
        if mask.shape[:2] != (1, 1) or mask.shape != masks[0].shape:
            raise PictureError(
                f"{called('mask', name)} has the shape {tuple(mask.shape)}, but '{names[0]}' has"
                f" {tuple(masks[0].shape)}; masks that belong together are all (1, 1, H, W) of one size."
            )
        if _is_empty(mask):
            raise PictureError(
                f"{called('mask', name)} is empty: nothing in it is white; paint white where its style belongs."
            )
    total = torch.stack(tuple(masks)).sum(0)
    _check_overlap(masks, total, names)
    completed = [mask / total.clamp(min=1.0) for mask in masks]
    if len(completed) < styles:
        rest = (1.0 - total).clamp(min=0.0)
        if _is_empty(rest):
            listed = " and ".join(f"'{name}'" for name in names)
            raise PictureError(
                f"Nothing is left for the last style, because {listed} cover{'s' if len(names) == 1 else ''} the whole"
                f" picture; darken {'it' if len(names) == 1 else 'them'} where that style belongs, or leave it out."
            )
        completed.append(rest)
    return tuple(completed)


def area_average(mask: torch.Tensor, height: int, width: int, stride: int) -> torch.Tensor:
    """Return the mean of each `stride` x `stride` block: `(B, 1, H, W)` to `(B, 1, height, width)`.

    height, width: the size of a feature map of this stride, H // stride and W // stride; remaining rows and columns
    at the bottom and right are cropped, as in a pooling layer. Differentiable. Raises RecipeError for a stride below 1
    and PictureError if the mask's size gives another feature map.
    """
    if stride < 1:
        raise RecipeError(f"A stride is a whole number of at least 1, not {stride}.")
    if mask.ndim != 4 or min(height, width) < 1:
        raise PictureError(
            f"A mask is (B, 1, H, W) and a feature map at least 1x1, not {tuple(mask.shape)} and"
            f" {height}x{width}; give a larger picture."
        )
    blocks = (mask.shape[2] // stride, mask.shape[3] // stride)
    if blocks != (height, width):
        raise PictureError(
            f"A mask of {mask.shape[2]}x{mask.shape[3]} (height x width) has {blocks[0]}x{blocks[1]} blocks of"
            f" stride {stride}, not {height}x{width}; scale the mask to the picture's size first."
        )
    return functional.avg_pool2d(mask, stride)


def called(kind: str, name: str) -> str:
    """Return the subject of a message about a mask or map: "The mask 'sky.png'", or "The mask" if unnamed."""
    return f"The {kind}" if name == kind else f"The {kind} '{name}'"


def read_proportional(source: PictureLike, height: int, width: int, what: str, largest: int) -> Picture:
    """Read a mask or map of any size with the aspect ratio of a picture of `height` x `width`.

    what: subject of messages about it. largest: a map with a longer side above this and above the picture's is scaled
    down to the larger of the two.
    Raises PictureError and RecipeError as `read_mask`.
    """
    _check_size(height, width)
    if isinstance(source, numpy.ndarray) and source.dtype == numpy.bool_:
        source = source.astype(numpy.uint8) * numpy.uint8(255)
    elif isinstance(source, torch.Tensor) and source.dtype == torch.bool:
        source = source.float()
    longest = max(largest, height, width)
    picture = read_picture(source, longest=longest)
    if not _same_proportions(picture.height, picture.width, height, width):
        # Both were read at a working size, which says nothing to the user.
        own_height, own_width = picture_size(source)
        raise PictureError(
            f"{what} is {own_width}x{own_height} with an aspect ratio (width / height) of"
            f" {picture.width / picture.height:.3g}, but that of the picture it is for is {width / height:.3g};"
            " crop it to the picture's."
        )
    return picture


def scale_mask(mask: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Resize `(B, 1, H, W)` in [0, 1]: by area along axes that shrink, bicubic along axes that grow."""
    smaller = (min(height, mask.shape[2]), min(width, mask.shape[3]))
    if smaller != tuple(mask.shape[2:]):
        mask = functional.interpolate(mask, size=smaller, mode="area").clamp(0.0, 1.0)
    return resize(mask, (height, width))


def _check_size(height: int, width: int) -> None:
    if min(height, width) < 1:
        raise RecipeError(f"A mask cannot be resized to {width}x{height}; both sides are at least 1.")


def _same_proportions(height: int, width: int, other_height: int, other_width: int) -> bool:
    """Return whether two sizes differ by 1 % or by what rounding one of them to whole pixels explains."""
    first, second = width * other_height, other_width * height
    if abs(first - second) <= 0.01 * max(first, second):
        return True
    # The longer sides scaled to one length: the shorter ones differ by a pixel of the smaller picture at most.
    return abs(first - second) <= (max(width, other_width) if width >= height else max(height, other_height))


def _positions(count: int) -> torch.Tensor:
    return (
        torch.linspace(0.0, 1.0, count, dtype=torch.float64) if count > 1 else torch.full((1,), 0.5).double()
    )


def _smoothstep(t: torch.Tensor) -> torch.Tensor:
    return t * t * (3.0 - 2.0 * t)


def _is_empty(mask: torch.Tensor) -> bool:
    return mask.max().item() <= _DARKEST or mask.mean(dtype=torch.float64).item() < _LEAST_MEAN


def _check_overlap(masks: Sequence[torch.Tensor], total: torch.Tensor, names: Sequence[str]) -> None:
    """Raise PictureError when the sum is above 1.1 on more than 1 % of the pixels; name the worst pair."""
    over = total > _OVERLAP
    share = over.float().mean().item()
    if share <= _OVERLAP_SHARE:
        return

    def common(pair: tuple[int, int]) -> float:
        return torch.minimum(masks[pair[0]], masks[pair[1]])[over].sum().item()

    first, second = max(itertools.combinations(range(len(masks)), 2), key=common)
    raise PictureError(
        f"The masks '{names[first]}' and '{names[second]}' overlap: on {share:.1%} of the picture the sum of"
        " all masks is above white; darken one where the other is white."
    )
