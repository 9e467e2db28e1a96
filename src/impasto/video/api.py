"""Painting clips from Python: `paint_video` for files, `video_frames` for pipelines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from impasto.errors import PictureError, RecipeError
from impasto.guidance import Guides
from impasto.imaging import read_planes
from impasto.video.formats import choose_format
from impasto.video.frame import VideoFrame
from impasto.video.frame_guides import FrameGuides, check_guides_of_clip
from impasto.video.job import check_styles, open_job, open_painter
from impasto.video.open_clip import chosen_frames, exact_rate, open_clip, painted_size
from impasto.video.picture_clips import DEFAULT_RATE
from impasto.video.run import ClipWritten, VideoEvent, VideoRun, video_frame
from impasto.video.settings import VideoSettings

if TYPE_CHECKING:
    from impasto.imaging import PictureLike

    Styles = PictureLike | Sequence[PictureLike] | Mapping[float, PictureLike]


def paint_video(
    clip: str | Path,
    style: Styles,
    out: str | Path,
    *,
    masks: Sequence[PictureLike] = (),
    protect: PictureLike | None = None,
    codec: str | None = None,
    bits: int | None = None,
    chroma: int | None = None,
    crf: int | None = None,
    resume: bool = False,
    restart: bool = False,
    on_event: Callable[[VideoEvent], None] | None = None,
    **settings: Any,
) -> Path:
    """Paint the clip in a file, folder or pattern and write it with its sound to ``out``; return the path.

    ``style`` is one picture, several, or a mapping from seconds to pictures that are cross-faded. Masks may be clips.
    ``codec``, ``bits``, ``chroma`` and ``crf`` are those of `ClipFormat`; other keywords are the fields of
    `VideoSettings`. ``on_event`` is called with every `VideoEvent`. A run that is stopped, by an exception too, is kept
    beside ``out`` and goes on with ``resume``. Raises an `ImpastoError` for what cannot be read, painted or written.
    """
    output = Path(out)
    styles, chosen = _styles(style, settings)
    job = open_job(
        clip,
        styles,
        chosen,
        lambda source_bits: choose_format(output, codec, bits, chroma, crf, source_bits),
        output,
        Guides(tuple(masks), protect=protect),
    )
    for event in VideoRun(job, resume=resume, restart=restart).events():
        if on_event is not None:
            on_event(event)
        if isinstance(event, ClipWritten):
            return event.path
    raise AssertionError("a run ends with ClipWritten or raises")


def video_frames(
    clip: str | Path | Iterable[PictureLike],
    style: Styles = (),
    *,
    masks: Sequence[PictureLike] = (),
    protect: PictureLike | None = None,
    **settings: Any,
) -> Iterator[VideoFrame]:
    """Yield the painted frames of a clip one after the other, in bounded memory; nothing is written.

    ``clip`` is a file, folder or pattern, or an iterable of pictures of one size such as arrays ``(H, W, 3)``, which
    are ``fps`` a second (25 by default). Other keywords are the fields of `VideoSettings`. Raises an `ImpastoError` for
    what cannot be read or painted, before the first frame as far as possible.
    """
    styles, chosen = _styles(style, settings)
    guides = Guides(tuple(masks), protect=protect)
    check_guides_of_clip(guides, len(styles))
    if isinstance(clip, str | Path):
        opened = open_clip(clip, chosen.fps)
        size = painted_size(opened.info, chosen.size)
        painter = open_painter(chosen, styles, size)
        frame_guides = FrameGuides(guides, len(styles), size, Fraction(chosen.start))
        frames = chosen_frames(opened, chosen)
        return painter.paint(
            video_frame(frame, index, size, frame_guides) for index, frame in enumerate(frames)
        )
    return _painted_pictures(clip, styles, chosen, guides)


def _painted_pictures(
    pictures: Iterable[PictureLike], styles: Sequence[PictureLike], settings: VideoSettings, guides: Guides
) -> Iterator[VideoFrame]:
    if settings.start or settings.stop is not None:
        raise RecipeError("Pictures from memory have no start and stop; give only those to be painted.")
    source = iter(pictures)
    first = next(source, None)
    if first is None:
        raise RecipeError("There are no pictures to paint; give at least one.")
    pixels = _pixels(first, settings.size)
    size = (pixels.shape[0], pixels.shape[1])
    rate = exact_rate(settings.fps or DEFAULT_RATE)
    frame_guides = FrameGuides(guides, len(styles), size)

    def frames() -> Iterator[VideoFrame]:
        for index, picture in enumerate(chain([first], source)):
            pixels = _pixels(picture, settings.size)
            if pixels.shape[:2] != size:
                raise PictureError(
                    f"Picture {index + 1} is {pixels.shape[1]}x{pixels.shape[0]}, but the first is "
                    f"{size[1]}x{size[0]}; pictures of one clip have one size."
                )
            time = index / rate
            yield VideoFrame(index, time, pixels, *frame_guides.at(time))

    return open_painter(settings, styles, size).paint(frames())


def _pixels(picture: PictureLike, longest: int | None) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return a picture as float32 ``(H, W, 3)``, scaled down to ``longest``."""
    if isinstance(picture, str | Path | bytes | np.ndarray):
        planes = read_planes(picture, longest=longest).pixels
    else:
        from impasto.imaging import read_picture

        planes = read_picture(picture, longest=longest).pixels.numpy()
    return np.ascontiguousarray(planes[0].transpose(1, 2, 0))


def _styles(style: Styles, settings: Mapping[str, Any]) -> tuple[list[PictureLike], VideoSettings]:
    """Return the styles, and the settings with their times."""
    if isinstance(style, Mapping):
        if "style_times" in settings:
            raise RecipeError("Styles with times bring their own style_times; leave the setting out.")
        settings = {**settings, "style_times": tuple(style)}
        styles = list(style.values())
    elif isinstance(style, Sequence) and not isinstance(style, str | bytes):
        styles = list(style)
    else:
        styles = [style]
    chosen = VideoSettings.make(settings)
    check_styles(len(styles), chosen)
    return styles, chosen
