"""Painters by the name of their method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from impasto.video.frame import FramePainter
from impasto.video.settings import VideoSettings

if TYPE_CHECKING:
    from impasto.imaging import PictureLike

Size = tuple[int, int]
PainterOpener = Callable[[VideoSettings, "Sequence[PictureLike]", Size], FramePainter]

# Frames that are painted at once, and pixels up to which they are: each needs about 640 bytes a pixel.
AT_ONCE, LARGEST_AT_ONCE = 2, 1_100_000


def frames_at_once(size: Size) -> int:
    """Return how many frames of `size` a network paints at once, which fewer processor cores limit."""
    import torch

    few = size[0] * size[1] > LARGEST_AT_ONCE or torch.get_num_threads() < AT_ONCE
    return 1 if few else AT_ONCE


def open_fast(settings: VideoSettings, styles: Sequence[PictureLike], size: Size) -> FramePainter:
    """Return the painter of the method `fast`."""
    from impasto.video.fast import FastPainter

    return FastPainter(settings, styles, at_once=frames_at_once(size))


def open_optimize(settings: VideoSettings, styles: Sequence[PictureLike], size: Size) -> FramePainter:
    """Return the painter of the method `optimize`."""
    del size
    from impasto.video.optimize import OptimizePainter

    return OptimizePainter(settings, styles)


def open_keyframes(settings: VideoSettings, styles: Sequence[PictureLike], size: Size) -> FramePainter:
    """Return the painter of the method `keyframes`."""
    from impasto.video.keyframes import KeyframePainter

    return KeyframePainter(settings, styles, at_once=frames_at_once(size))


PAINTERS: dict[str, PainterOpener] = {
    "fast": open_fast,
    "optimize": open_optimize,
    "keyframes": open_keyframes,
}
"""What opens the painter of each of `METHODS`."""


def open_video_painter(settings: VideoSettings, styles: Sequence[PictureLike], size: Size) -> FramePainter:
    """Return the painter of a clip whose frames have `size` (height, width).

    Raises `RecipeError` for settings, `PictureError` for pictures and `WeightsError` for networks that cannot be used,
    and `MissingExtraError` without OpenCV.
    """
    return PAINTERS[settings.method](settings, styles, size)
