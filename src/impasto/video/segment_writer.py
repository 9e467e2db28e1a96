"""Encoding painted frames in another thread, while the next ones are painted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction

from impasto.video.encode import CodedPacket, Samples, SegmentEncoder, samples_of
from impasto.video.frame import PainterState, VideoFrame
from impasto.video.job import VideoJob
from impasto.video.journal import Journal
from impasto.video.segments import Segment, write_segment

# Frames that wait to be encoded at most.
AHEAD = 3


class SegmentWriter:
    """Encodes frames in segments and keeps them in the journal, all in the order of the calls.

    The calls return at once unless `AHEAD` of them wait. What a call raises, such as `OutputError` for a full disk, is
    raised by a later call, and nothing is written after it.
    """

    def __init__(self, job: VideoJob, journal: Journal) -> None:
        self._job, self._journal = job, journal
        self._thread = ThreadPoolExecutor(1, "encode")
        self._waiting: deque[Future[None]] = deque()
        self._failed = False
        self._encoder: SegmentEncoder | None = None
        self._packets: list[CodedPacket] = []
        self._frames = len(journal.position.times)  # of the segment in work, with those that wait
        # Encode the kept frames of an unfinished segment again, to the same bits.
        for samples, time in journal.kept_frames():
            self._encode(samples, time)

    def add(self, frame: VideoFrame, duration: Fraction, state: Callable[[], PainterState]) -> None:
        """Add a painted frame; ``state`` returns the painter's state after it."""
        self._frames += 1
        self._submit(lambda: self._add(frame, duration))
        if self._frames >= self._job.segment_frames:
            self.finish_segment(state())

    def finish_segment(self, state: PainterState) -> None:
        """Finish the segment in work, if it has frames."""
        if self._frames:
            self._frames = 0
            self._submit(lambda: self._journal.finish_segment(self._closed_segment(), state))

    def keep(self, state: PainterState) -> None:
        """Make all frames count so far, with the painter's ``state`` after the last one."""
        self._submit(lambda: self._journal.keep(state))

    def wait(self) -> None:
        """Wait until everything is written."""
        while self._waiting:
            self._waiting.popleft().result()

    def write_partial(self) -> int:
        """Write the frames of the segment in work as a segment of a clip so far; return the number of segments.

        It does not count: a resumed run encodes the kept frames again and goes on from there.
        """
        self.wait()
        segments = self._journal.position.segments
        if self._encoder is None:
            return segments
        write_segment(self._journal.folder, segments, self._closed_segment())
        return segments + 1

    def close(self) -> None:
        """Write what waits, and end the thread."""
        self._thread.shutdown()

    def _submit(self, work: Callable[[], None]) -> None:
        while len(self._waiting) >= AHEAD or (self._waiting and self._waiting[0].done()):
            self._waiting.popleft().result()

        def run() -> None:
            if self._failed:
                return
            try:
                work()
            except BaseException:
                self._failed = True
                raise

        self._waiting.append(self._thread.submit(run))

    def _add(self, frame: VideoFrame, duration: Fraction) -> None:
        samples = samples_of(frame.pixels, self._job.deep)
        self._journal.add_frame(samples, frame.time, duration)
        self._encode(samples, frame.time)

    def _encode(self, samples: Samples, time: Fraction) -> None:
        if self._encoder is None:
            self._encoder, self._packets = SegmentEncoder(self._job.format, self._job.layout), []
        self._packets += self._encoder.encode(samples, time)

    def _closed_segment(self) -> Segment:
        assert self._encoder is not None
        packets = [*self._packets, *self._encoder.finish()]
        self._encoder = None
        return Segment(tuple(packets), self._journal.position.end)
