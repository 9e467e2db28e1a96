"""Clips on a cluster: actors read and paint chunks of a clip, the driver joins, encodes and keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from impasto.cluster.connection import RayCluster
from impasto.cluster.pool import WorkPool, in_order
from impasto.cluster.workers import Work
from impasto.errors import RecipeError, TooLargeError
from impasto.guidance import Guides
from impasto.video.chunks import Chunk, join_chunks, plan_chunks
from impasto.video.encode import Samples, samples_of
from impasto.video.flow import load_cv2
from impasto.video.frame import PainterState, VideoFrame
from impasto.video.frame_guides import FrameGuides
from impasto.video.job import VideoJob, open_painter
from impasto.video.open_clip import chosen_frames, open_clip
from impasto.video.run import video_frame
from impasto.video.settings import VideoSettings

if TYPE_CHECKING:
    from impasto.imaging import PictureLike


@dataclass(frozen=True)
class ChunkWork:
    """What an actor does: read and paint a chunk. The clip has to be where all machines see it."""

    clip: Path
    styles: Sequence[PictureLike]
    settings: VideoSettings
    guides: Guides
    size: tuple[int, int]
    deep: bool

    @classmethod
    def of(cls, job: VideoJob) -> ChunkWork:
        """Return the work of a job, with absolute names of files: workers run in other folders."""
        guides = replace(
            job.guides,
            masks=tuple(_absolute(mask) for mask in job.guides.masks),
            protect=None if job.guides.protect is None else _absolute(job.guides.protect),
        )
        styles = [_absolute(style) for style in job.styles]
        clip = job.clip.info.path.absolute()
        return cls(clip, styles, _with_absolute_network(job.settings), guides, job.size, job.deep)

    def __call__(self) -> Work:
        """Return the function that paints; called in the actor."""
        import torch

        load_cv2().setNumThreads(torch.get_num_threads())
        clip = open_clip(self.clip, self.settings.fps)
        painter = open_painter(self.settings, self.styles, self.size)

        def paint(chunk: Chunk) -> Samples:
            painter.restore({})
            before = chunk.scene_after if chunk.warm else chunk.after
            start = Fraction(self.settings.start) if before is None else before
            guides = FrameGuides(self.guides, len(self.styles), self.size, start)
            count = chunk.warm + len(chunk.times)
            anchor = chosen_frames(clip, self.settings, chunk.scene_after) if chunk.warm else iter(())
            decoded = chain(islice(anchor, 1), islice(chosen_frames(clip, self.settings, chunk.after), count))
            first = chunk.end - count - (1 if chunk.warm else 0)
            frames = (
                video_frame(frame, index, self.size, guides)
                for index, frame in enumerate(decoded, start=first)
            )
            samples = [samples_of(frame.pixels, self.deep) for frame in painter.paint(frames)][-count:]
            return cast("Samples", np.stack(samples))

        return paint


class ClusterPainter:
    """Paints the frames of a job's clip in chunks, by the actors of a cluster; see `impasto.video.chunks`.

    ``on_wait`` is called at least every half second, and may raise to stop the run. Raises `RecipeError` for a loop and
    for given keyframes, which reach over chunks.
    """

    def __init__(
        self,
        cluster: RayCluster,
        job: VideoJob,
        *,
        workers: int | None = None,
        on_wait: Callable[[], None] = lambda: None,
    ) -> None:
        check_chunks(job.settings)
        self.cluster, self.work, self.workers, self.on_wait = cluster, ChunkWork.of(job), workers, on_wait
        self._resumed: Chunk | None = None
        self._yielded: Chunk | None = None

    def paint(self, frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
        """Yield every frame painted; two chunks a worker are read ahead."""
        source = iter(frames)
        first = next(source, None)
        if first is None:
            return
        pool = WorkPool(self.cluster, self.work, workers=self.workers)
        try:
            painted = self._painted(pool, chain([first], source))
            for chunk, frame in join_chunks(painted):
                if frame.index < first.index:  # painted by the run before
                    continue
                self._yielded = chunk
                yield frame
        finally:
            pool.close()

    def state(self) -> PainterState:
        """Return the chunk of the last yielded frame: it is painted again by a run that goes on."""
        return {} if self._yielded is None else self._yielded.to_state()

    def restore(self, state: PainterState) -> None:
        """Go on after a frame of the chunk of `state`."""
        self._resumed = self._yielded = Chunk.from_state(state)

    def _painted(self, pool: WorkPool, frames: Iterable[VideoFrame]) -> Iterator[tuple[Chunk, Samples]]:
        """Yield the chunks in their order as they are done."""
        sent: list[Chunk] = []

        def work() -> Iterator[tuple[str, Chunk]]:
            for chunk in plan_chunks(frames, self._resumed):
                self.on_wait()
                sent.append(chunk)
                yield str(len(sent) - 1), chunk

        def refuse(number: int, reason: str) -> TooLargeError:
            chunk = sent[number]
            return TooLargeError(
                f"Frames {chunk.first + 1} to {chunk.end} could not be painted: {reason}; they may be too "
                "large for a worker, so choose a smaller --size or fewer --workers."
            )

        for number, samples in in_order(pool.map(work(), self.on_wait), refuse):
            yield sent[number], samples


def check_chunks(settings: VideoSettings) -> None:
    """Raise `RecipeError` for what reaches over chunks."""
    if settings.loop or settings.keyframe_files:
        word = "--loop" if settings.loop else "--keyframe"
        raise RecipeError(f"{word} needs the whole clip in one process; leave it or --cluster out.")


def _absolute(picture: PictureLike) -> PictureLike:
    """Return a file by its absolute name; other pictures and words stay."""
    if isinstance(picture, str | Path) and Path(picture).is_file():
        return Path(picture).absolute()
    return picture


def _with_absolute_network(settings: VideoSettings) -> VideoSettings:
    if not Path(settings.network).is_file():
        return settings
    return settings.model_copy(update={"network": str(Path(settings.network).absolute())})
