"""Masks of every frame: stills, words such as ``left``, or clips that run beside the painted one."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from impasto.errors import ImpastoError, PictureError, RecipeError
from impasto.guidance import Guides
from impasto.guidance.guides import display_name
from impasto.imaging import MASK_NAMES, check_file, read_planes, resize_array
from impasto.video.frame import Pixels
from impasto.video.open_clip import open_clip
from impasto.video.picture_clips import AnimationClip, is_animation

if TYPE_CHECKING:
    from impasto.imaging import PictureLike

# A mask may differ from the clip's proportions by this share, or by one pixel of rounding.
PROPORTION = 0.01
MaskAt = Callable[[Fraction], Pixels]


class FrameGuides:
    """The masks and the protected part at any time of a clip, at the painted ``size`` (height, width).

    Times must grow from call to call. Raises `RecipeError` for guides that a clip cannot have, and `PictureError` or
    `PictureError` for files that are no masks.
    """

    def __init__(
        self, guides: Guides, styles: int, size: tuple[int, int], start: Fraction = Fraction(0)
    ) -> None:
        check_guides_of_clip(guides, styles)
        self._styles = styles
        self._masks = [mask_over_time(mask, size, start) for mask in guides.masks]
        self._protect = None if guides.protect is None else mask_over_time(guides.protect, size, start)

    def at(self, time: Fraction) -> tuple[tuple[Pixels, ...], Pixels | None]:
        """Return one mask per style, or none without masks, and the protected part or None."""
        protect = None if self._protect is None else self._protect(time)
        if not self._masks:
            return (), protect
        masks = [mask(time) for mask in self._masks]
        total = np.add.reduce(masks)
        completed = [mask / np.maximum(total, 1) for mask in masks]
        if len(completed) < self._styles:
            completed.append(np.maximum(1 - total, 0))
        return tuple(completed), protect


def check_guides_of_clip(guides: Guides, styles: int) -> None:
    """Raise `RecipeError` for guides that a clip with this number of styles cannot have."""
    if guides.style_masks or guides.regions is not None or guides.style_regions:
        raise RecipeError(
            "A clip takes --mask and --protect, but no style masks and no regions; leave them out."
        )
    if guides.masks and len(guides.masks) not in (styles, styles - 1):
        raise RecipeError(
            f"There are {styles} styles, but {len(guides.masks)} masks; give one for each style, or one fewer: "
            "the last style then gets what the others leave."
        )


def mask_over_time(source: PictureLike, size: tuple[int, int], start: Fraction) -> MaskAt:
    """Return the function that gives the mask (H, W) at a time; it is constant for a still or a word."""
    if isinstance(source, str | Path) and source not in MASK_NAMES and is_moving(Path(source)):
        return _MovingMask(Path(source), size, start)
    from impasto.imaging import read_mask

    still = read_mask(source, *size, name=display_name(source))[0, 0].numpy()
    return lambda _: still


def is_moving(path: Path) -> bool:
    """Return whether a mask is a clip; raises what checking a file raises."""
    if path.is_dir() or "%" in path.name:
        return True
    check_file(path)
    if is_animation(path):
        return AnimationClip(path).info.frames > 1
    try:
        read_planes(path, longest=16)
    except PictureError:
        return True
    return False


class _MovingMask:
    """A clip whose frame at a time is the mask: white where it applies. After its end the last frame stays."""

    def __init__(self, path: Path, size: tuple[int, int], start: Fraction) -> None:
        try:
            clip = open_clip(path)
        except ImpastoError as error:
            raise PictureError(f"The mask '{path}' is neither a picture nor a clip ({error})") from error
        height, width = clip.info.height, clip.info.width
        if abs(height * size[1] - width * size[0]) > PROPORTION * width * size[0] + max(*size, width, height):
            raise PictureError(
                f"The mask '{path}' is {width}x{height}, but the clip is painted at {size[1]}x{size[0]}; "
                "a mask has the proportions of its clip."
            )
        self._size = size
        self._frames = clip.frames(start)
        self._next = next(self._frames, None)
        self._mask: Pixels | None = None

    def __call__(self, time: Fraction) -> Pixels:
        while self._next is not None and (self._mask is None or self._next.time <= time):
            grey = self._next.pixels().mean(2)
            self._mask = resize_array(grey[None, None], self._size)[0, 0]
            self._next = next(self._frames, None)
        assert self._mask is not None
        return self._mask
