"""Painters by the name of their method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from impasto.errors import RecipeError
from impasto.video.frame import FramePainter
from impasto.video.settings import VideoSettings

if TYPE_CHECKING:
    from impasto.imaging import PictureLike

Size = tuple[int, int]
PainterOpener = Callable[[VideoSettings, "Sequence[PictureLike]", Size], FramePainter]


def open_fast(settings: VideoSettings, styles: Sequence[PictureLike], size: Size) -> FramePainter:
    """Return the painter of the method `fast`."""
    del size
    from impasto.video.fast import FastPainter

    return FastPainter(settings, styles)


PAINTERS: dict[str, PainterOpener] = {"fast": open_fast}
"""What opens the painter of each of `METHODS`."""


def open_video_painter(settings: VideoSettings, styles: Sequence[PictureLike], size: Size) -> FramePainter:
    """Return the painter of a clip whose frames have `size` (height, width).

    Raises `RecipeError` for settings, `PictureError` for pictures and `WeightsError` for networks that cannot be used,
    and `MissingExtraError` without OpenCV.
    """
    if settings.method not in PAINTERS:
        raise RecipeError(
            f"The method '{settings.method}' cannot paint clips yet; give one of {', '.join(PAINTERS)}."
        )
    return PAINTERS[settings.method](settings, styles, size)
