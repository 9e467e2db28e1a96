"""What to paint: a clip, styles, settings, masks and the output; and the plan, known before anything is spent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.errors import OutputError, RecipeError
from impasto.feedforward.pretrained import ANY_STYLE_NETWORKS
from impasto.guidance import Guides
from impasto.guidance.guides import display_name
from impasto.hashing import file_sha256
from impasto.imaging import check_place
from impasto.imaging.atomic import free_bytes
from impasto.video.clip import Clip
from impasto.video.encode import VideoLayout
from impasto.video.formats import ClipFormat
from impasto.video.frame import FramePainter, PainterState, VideoFrame
from impasto.video.open_clip import open_clip, painted_frames, painted_size, resampled_rate
from impasto.video.run_file import journal_path
from impasto.video.settings import VideoSettings

if TYPE_CHECKING:
    from impasto.imaging import PictureLike

PainterOpener = Callable[[VideoSettings, "Sequence[PictureLike]", tuple[int, int]], FramePainter]

# Frames of a segment: each starts with a key frame, and its painted frames are kept uncompressed until it is full.
MOST_FRAMES, FEWEST_FRAMES, MOST_BYTES = 48, 8, 256_000_000
# Bytes per pixel of a painted frame, measured generously; see docs/video.md.
BYTES_PER_PIXEL = {
    "h264": 0.35,
    "h265": 0.25,
    "av1": 0.25,
    "vp9": 0.35,
    "prores": 1.2,
    "gif": 0.8,
    "webp": 0.3,
}
LOSSLESS_BYTES = 2.2  # per pixel, of FFV1 and PNG
BLOCK = 1 << 20  # bytes at each end of a clip that identify it


@dataclass(frozen=True)
class VideoJob:
    """Everything about one painted clip. ``output`` is a file, or a folder for PNG files.

    ``in_chunks`` says that ``open_painter`` paints the clip in chunks, on a cluster.
    """

    clip: Clip
    styles: Sequence[PictureLike]
    settings: VideoSettings
    format: ClipFormat
    output: Path
    guides: Guides = field(default_factory=Guides)
    open_painter: PainterOpener | None = None
    in_chunks: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """The (height, width) of the painted frames."""
        return painted_size(self.clip.info, self.settings.size)

    @property
    def layout(self) -> VideoLayout:
        """What the encoder must know."""
        info = self.clip.info
        rate = resampled_rate(info, self.settings)
        return VideoLayout(
            *self.size, rate or info.rate, _tick(info.tick, rate), info.colors, info.pixel_aspect
        )

    @property
    def deep(self) -> bool:
        """Whether painted frames are kept with 16 bits a channel."""
        return self.format.bits > 8

    @property
    def segment_frames(self) -> int:
        """How many frames a segment has; it depends on the size alone, so that a resumed run has the same ones."""
        height, width = self.size
        frame = height * width * 3 * (2 if self.deep else 1)
        return max(FEWEST_FRAMES, min(MOST_FRAMES, MOST_BYTES // frame))

    def painter(self) -> FramePainter:
        """Return a new painter for the clip."""
        opener = self.open_painter or open_painter
        return opener(self.settings, self.styles, self.size)

    def describe(self) -> dict[str, Any]:
        """Return what identifies the run, as JSON values: a resumed run must have the same."""
        return {
            "clip": clip_identity(self.clip.info.path),
            "styles": [style_identity(style) for style in self.styles],
            "guides": self.guides.to_json(),
            "settings": self.settings.to_json(),
            "format": self.format.to_json(),
            "cluster": self.in_chunks or None,
        }

    def inputs(self) -> dict[str, Any]:
        """Return where the pictures are, as JSON values: enough to resume a run of files."""
        return {
            "clip": str(self.clip.info.path.resolve()),
            "styles": [source_name(style) for style in self.styles],
        }


class UnpaintedFrames:
    """The painter of strength 0: every frame stays as it is."""

    def paint(self, frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
        """Yield the frames unchanged."""
        yield from frames

    def state(self) -> PainterState:
        """Return an empty state."""
        return {}

    def restore(self, state: PainterState) -> None:
        """Do nothing: there is nothing to restore."""


@dataclass(frozen=True)
class VideoPlan:
    """What a run will do. ``frames`` is 0 where the clip does not say how many it has; ``disk`` is in bytes."""

    frames: int
    height: int
    width: int
    seconds: float
    fps: float
    method: str
    codec: str
    bits: int
    disk: int
    free: int


def plan_clip(job: VideoJob) -> VideoPlan:
    """Return the plan of a job; nothing is painted."""
    frames, (height, width) = painted_frames(job.clip.info, job.settings), job.size
    layout, pixels = job.layout, height * width
    lossless = LOSSLESS_BYTES * (2 if job.deep else 1)
    parts = BYTES_PER_PIXEL[job.format.codec] if job.format.is_video else lossless
    written = lossless if job.format.codec == "png" else BYTES_PER_PIXEL[job.format.codec]
    kept = min(frames, job.segment_frames) * pixels * (6 if job.deep else 3)
    return VideoPlan(
        frames,
        height,
        width,
        float(frames / layout.rate),
        float(layout.rate),
        job.settings.method,
        job.format.codec,
        job.format.bits,
        int(frames * pixels * (parts + written)) + kept,
        free_bytes(job.output.parent),
    )


def check_job(job: VideoJob) -> None:
    """Raise `OutputError` or `RecipeError` for an output that cannot be written, before anything is painted."""
    output, suffix = job.output, job.format.suffix
    journal = journal_path(output)
    if suffix:
        check_place(output)
    else:
        check_place(output.with_name(f"{output.name}.png"))
        if output.exists() and not journal.exists() and (not output.is_dir() or any(output.iterdir())):
            raise OutputError(f"'{output}' exists already and is not an empty folder; give another name.")
    if journal.exists() and not journal.is_dir():
        raise OutputError(f"'{journal}' is needed for the unfinished clip, but it is a file; move it away.")
    info = job.clip.info
    if info.path.exists() and output.resolve() == info.path.resolve():
        raise RecipeError(f"'{output}' is the clip that is read; give another name for the output.")
    if suffix in (".gif", ".webp") and max(job.size) > 16383:
        raise RecipeError(
            f"{suffix} holds sides up to 16383 pixels, not {max(job.size)}; give a smaller --size."
        )


def check_space(plan: VideoPlan) -> None:
    """Raise `OutputError` if the disk has too little room."""
    if plan.disk > plan.free:
        raise OutputError(
            f"The clip needs about {plan.disk / 1e9:.1f} GB of disk, but only {plan.free / 1e9:.1f} GB are free; "
            "free some space, or give a smaller --size or a part with --from and --to."
        )


def clip_identity(path: Path) -> str:
    """Return a text that changes with a clip: its size and the SHA-256 of its first and last megabyte."""
    if not path.is_file():
        return str(path.resolve())
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        digest = hashlib.sha256(file.read(BLOCK))
        file.seek(max(0, size - BLOCK))
        digest.update(file.read(BLOCK))
    return f"{size} bytes, {digest.hexdigest()}"


def style_identity(style: PictureLike) -> str:
    """Return the SHA-256 of a style's file, or its name if it has no file."""
    if isinstance(style, str | Path) and Path(style).is_file():
        return file_sha256(Path(style))
    return str(style) if isinstance(style, str) else display_name(style)


def open_job(
    path: str | Path,
    styles: Sequence[PictureLike],
    settings: VideoSettings,
    clip_format: Callable[[int], ClipFormat],
    output: Path,
    guides: Guides | None = None,
    open_painter: PainterOpener | None = None,
) -> VideoJob:
    """Return the checked job; ``clip_format`` gives the format for the clip's depth. Raises an `ImpastoError`."""
    from impasto.video.frame_guides import check_guides_of_clip

    guides = guides or Guides()
    check_styles(len(styles), settings)
    check_guides_of_clip(guides, len(styles))
    clip = open_clip(path, settings.fps)
    job = VideoJob(clip, styles, settings, clip_format(clip.info.bits), output, guides, open_painter)
    check_job(job)
    return job


def check_styles(count: int, settings: VideoSettings) -> None:
    """Raise `RecipeError` if the number of styles does not fit the settings."""
    times, mix = settings.style_times, settings.mix
    if times and len(times) != count:
        raise RecipeError(
            f"There are {count} styles and {len(times)} times; give every style a time, or none."
        )
    if mix is not None and len(mix) != count:
        raise RecipeError(f"There are {count} styles and {len(mix)} weights in mix; give one for each.")


def _tick(tick: Fraction, rate: Fraction | None) -> Fraction:
    """Return the unit of the output's times: the clip's own, or one frame where frames are resampled."""
    return tick if rate is None else 1 / rate


def open_painter(
    settings: VideoSettings, styles: Sequence[PictureLike], size: tuple[int, int]
) -> FramePainter:
    """Return the painter of the settings' method; with strength 0 at all times, one that changes nothing.

    Raises `RecipeError` for settings that the method cannot have.
    """
    strength = settings.strength
    if strength is not None and all(value == 0 for _, value in strength):
        return UnpaintedFrames()
    if not styles and settings.network in ANY_STYLE_NETWORKS and not settings.keyframe_files:
        raise RecipeError(
            "A clip needs at least one painting; give one, or a network with styles of its own."
        )
    from impasto.video.painters import open_video_painter

    return open_video_painter(settings, styles, size)


def source_name(picture: PictureLike) -> str:
    """Return the path of a picture, or its name if it has no file."""
    if isinstance(picture, str | Path):
        return str(Path(picture).resolve()) if Path(picture).is_file() else str(picture)
    return display_name(picture)
