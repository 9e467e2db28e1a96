"""A run: frames are read, painted, encoded in segments and put together; every finished part is kept."""

from __future__ import annotations

import time as clock
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path

import numpy as np

from impasto.errors import OutputError, ResumeError
from impasto.video.animation_out import write_animation_file, write_png_files
from impasto.video.assemble import write_container
from impasto.video.clip import DecodedFrame
from impasto.video.frame import FramePainter, VideoFrame
from impasto.video.frame_guides import FrameGuides
from impasto.video.job import VideoJob, VideoPlan, check_space, plan_clip
from impasto.video.journal import Journal
from impasto.video.open_clip import chosen_frames, sized_pixels
from impasto.video.run_file import RUN, journal_path, read_run
from impasto.video.segment_writer import SegmentWriter

# How often the painter's state is kept, in seconds; a killed run repeats at most the frames since then.
KEEP_SECONDS = 5.0


@dataclass(frozen=True)
class ClipStarted:
    """The run begins with ``plan``; a resumed run has ``resumed`` frames already."""

    plan: VideoPlan
    resumed: int = 0


@dataclass(frozen=True)
class FramePainted:
    """One frame is painted; ``done`` frames are, with those of a run before."""

    frame: VideoFrame
    done: int


@dataclass(frozen=True)
class ClipWritten:
    """The painted clip is at ``path``. ``notes`` say what was wrong with the source or could not be kept."""

    path: Path
    frames: int
    notes: tuple[str, ...]


VideoEvent = ClipStarted | FramePainted | ClipWritten


class VideoRun:
    """One run of a job. ``resume`` takes up a stopped run of the same job, ``restart`` throws it away.

    Raises `ResumeError` if there is nothing to resume or something else was painted, and `OutputError` if there is an
    unfinished run that neither was said about, or too little room on the disk.
    """

    def __init__(
        self,
        job: VideoJob,
        *,
        resume: bool = False,
        restart: bool = False,
        keep_seconds: float = KEEP_SECONDS,
    ) -> None:
        self.job, self.keep_seconds = job, keep_seconds
        self.plan = plan_clip(job)
        self.journal = Journal(journal_path(job.output), job.size, np.uint16 if job.deep else np.uint8)
        self._painter: FramePainter | None = None
        self._writer: SegmentWriter | None = None
        self._durations: dict[int, Fraction] = {}
        self._is_ahead = False  # whether frames were painted since the state was kept
        self._resume = resume
        if resume:
            self._check_same(read_run(self.journal.folder))
            return
        if not restart and (self.journal.folder / RUN).exists():
            raise OutputError(
                f"An unfinished run of '{job.output}' is kept in '{self.journal.folder}'; "
                "add --resume to go on with it, or --restart to throw it away."
            )
        check_space(self.plan)

    def events(self) -> Generator[VideoEvent, None, None]:
        """Yield `ClipStarted`, `FramePainted` for every frame, and `ClipWritten`.

        Close the generator to stop; `keep_partial` then writes what there is. Raises what reading, painting and
        writing raise; what was painted is kept then.
        """
        job, journal = self.job, self.journal
        state = journal.load() if self._resume else None
        # The first frame is read before anything is written: what cannot be read or painted changes nothing.
        source = self._source_frames()
        first = list(islice(source, 1))
        self._painter = job.painter()
        if state is not None:
            self._painter.restore(state)
        if not self._resume:
            journal.remove()
            journal.create({**job.describe(), "inputs": job.inputs()})
        done = journal.position.index
        self._writer = SegmentWriter(job, journal)
        try:
            yield ClipStarted(self.plan, done)
            for number, frame in enumerate(self._painted(chain(first, source)), start=done + 1):
                yield FramePainted(frame, number)
            self._writer.wait()
        finally:
            self._writer.close()
        notes = self._assemble(journal.position.segments)
        journal.remove()
        yield ClipWritten(job.output, journal.position.index, tuple(notes))

    def _painted(self, frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
        """Yield the painted frames, which are on their way to the disk then."""
        painter, writer = self._painter, self._writer
        assert painter is not None
        assert writer is not None
        kept = clock.monotonic()
        for frame in painter.paint(frames):
            writer.add(frame, self._durations.pop(frame.index), painter.state)
            self._is_ahead = True
            if clock.monotonic() - kept > self.keep_seconds:
                writer.keep(painter.state())
                kept = clock.monotonic()
            yield frame
        writer.finish_segment(painter.state())

    def keep(self) -> bool:
        """Keep the run between two frames, so that it goes on after the last one; return whether there is one.

        Call it after the generator of `events` was left at a frame and before it is closed.
        """
        if self._painter is None or self._writer is None:
            return False
        self._writer.wait()
        if self.journal.position.index == 0:
            return False
        if self._is_ahead:
            self.journal.keep(self._painter.state())
            self._is_ahead = False
        return True

    def keep_partial(self) -> Path | None:
        """Keep the run as `keep` does and write a playable clip of what is painted; None if nothing is."""
        if not self.keep():
            return None
        assert self._writer is not None
        self._assemble(self._writer.write_partial())
        return self.job.output

    def _source_frames(self) -> Iterator[VideoFrame]:
        """Yield the frames that are not painted yet, read as they are asked for."""
        job, position = self.job, self.journal.position
        after = position.last
        first = Fraction(job.settings.start) if after is None else after
        guides = FrameGuides(job.guides, len(job.styles), job.size, first)
        durations = self._durations
        frames = chosen_frames(job.clip, job.settings, after)
        for index, decoded in enumerate(frames, start=position.index):
            durations[index] = decoded.duration
            yield video_frame(decoded, index, job.size, guides)

    def _assemble(self, segments: int) -> list[str]:
        job, folder, numbers = self.job, self.journal.folder, range(segments)
        info = job.clip.info
        notes = job.clip.problems.sentences(info)
        if job.format.is_video:
            end = self.journal.position.end
            notes += write_container(
                job.output, folder, numbers, job.format, job.layout, info, job.settings, end
            )
        elif job.format.suffix:
            write_animation_file(job.output, folder, numbers, job.format, job.layout)
        else:
            write_png_files(job.output, folder, numbers, job.format, job.layout)
        if info.audio and not job.format.is_video:
            notes.append(f"{job.format.suffix or 'A folder of PNG files'} has no sound; it is left out.")
        return notes

    def _check_same(self, run: dict[str, object]) -> None:
        for name, value in self.job.describe().items():
            if run.get(name) != value:
                if name == "cluster":
                    how = "without" if value else "with"
                    raise ResumeError(
                        f"'{self.journal.folder}' was painted {how} --cluster; do the same, or --restart."
                    )
                raise ResumeError(
                    f"'{self.journal.folder}' was painted with other {name}; give the same, or --restart."
                )


def video_frame(decoded: DecodedFrame, index: int, size: tuple[int, int], guides: FrameGuides) -> VideoFrame:
    """Return a decoded frame at ``size`` with its masks."""
    masks, protect = guides.at(decoded.time)
    return VideoFrame(index, decoded.time, sized_pixels(decoded, size), masks, protect)


def trial_frames(job: VideoJob) -> Iterator[VideoFrame]:
    """Yield the painted frames of a job without writing anything, to see them or to measure their time."""
    guides = FrameGuides(job.guides, len(job.styles), job.size, Fraction(job.settings.start))
    frames = enumerate(chosen_frames(job.clip, job.settings))
    return job.painter().paint(video_frame(frame, index, job.size, guides) for index, frame in frames)
