"""One run of ``impasto video``: progress, preview, Ctrl-C, and the files that are left."""

from __future__ import annotations

import shlex
import time
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from impasto.cli.cluster import ClusterOptions, clip_spread
from impasto.cli.console import duration, print_note, print_result, print_status
from impasto.cli.interrupt import Interrupted, Stop
from impasto.cli.naming import check_distinct
from impasto.cli.session import write_sidecar
from impasto.cli.video_progress import VideoProgress, plan_line
from impasto.cli.video_request import VideoRequest, sidecar_of
from impasto.cli.watch import PreviewFile

if TYPE_CHECKING:
    from impasto.video.job import VideoJob
    from impasto.video.run import VideoRun

# Frames that are painted to tell how long a clip takes.
TRIAL_FRAMES = 3


@dataclass(frozen=True)
class VideoSession:
    """The run of one clip. ``stop`` tells whether the user interrupted it."""

    request: VideoRequest
    stop: Stop
    resume: bool
    restart: bool
    sidecar: bool
    preview: Path | None
    quiet: bool
    cluster_options: ClusterOptions = field(default_factory=ClusterOptions)

    def paint(self) -> None:
        """Paint, and write the clip; raises `Interrupted` after writing what is painted."""
        import numpy as np

        from impasto.video.run import ClipStarted, ClipWritten, FramePainted, VideoRun

        self._check()
        with clip_spread(self.cluster_options, self.request.open(), self.stop, self.quiet) as job:
            run = VideoRun(job, resume=self.resume, restart=self.restart)
            preview = None if self.preview is None else PreviewFile(self.preview)
            name = self.request.output.name
            with closing(run.events()) as events, closing(VideoProgress(name, self.quiet)) as progress:
                try:
                    for event in events:
                        if isinstance(event, ClipStarted):
                            progress.start(event.plan, event.resumed)
                        elif isinstance(event, FramePainted):
                            progress.show(event.done)
                            if preview is not None:
                                preview.update(partial(np.moveaxis, event.frame.pixels, 2, 0))
                        elif isinstance(event, ClipWritten):
                            progress.close()
                            self._finish(job, event.notes)
                            return
                        self.stop.check()
                except Interrupted:  # also raised where a painter waits
                    progress.close()
                    self._interrupt(run)

    def _check(self) -> None:
        from impasto.imaging import check_place, check_writable

        outputs = {"--out": self.request.output}
        if self.sidecar:
            outputs["--sidecar"] = check_place(sidecar_of(self.request.output))
        if self.preview is not None:
            outputs["--preview"] = check_writable(self.preview)
        check_distinct(self.request.read_files, outputs)

    def _finish(self, job: VideoJob, notes: tuple[str, ...]) -> None:
        for note in notes:
            print_note(note)
        if self.sidecar:
            from impasto import __version__

            write_sidecar(
                sidecar_of(self.request.output),
                {"impasto": __version__, **job.describe(), "inputs": job.inputs()},
            )
        if not self.quiet:
            print_result(str(self.request.output))

    def _interrupt(self, run: VideoRun) -> NoReturn:
        """Write what is painted, print the command that goes on, and raise `Interrupted`."""
        output = self.request.output
        if run.keep_partial() is None:
            run.journal.remove()
            print_status("Stopped before the first frame; there is nothing to save.")
            raise Interrupted(self.stop.number)
        done, frames = run.journal.position.index, run.plan.frames
        print_status(f"Stopped after frame {done}{f' of {frames}' if frames else ''}.")
        print_status(f"clip so far: {output}")
        print_status(f"go on with: {shlex.join(self._resume_command(output))}")
        raise Interrupted(self.stop.number)

    def _resume_command(self, output: Path) -> list[str]:
        words = ["impasto", "video", "--resume", f"--out={output}", *self.cluster_options.arguments]
        if not self.sidecar:
            words.append("--no-sidecar")
        if self.preview is not None:
            words.append(f"--preview={self.preview}")
        if self.quiet:
            words.append("--quiet")
        return words


def print_plan(job: VideoJob) -> None:
    """Print the plan of a job, with the time that the first frames take; nothing is written."""
    from itertools import islice

    from impasto.video.job import plan_clip
    from impasto.video.run import trial_frames

    plan = plan_clip(job)
    print_result(plan_line(plan))
    begin = time.monotonic()
    stamps = [time.monotonic() for _ in islice(trial_frames(job), TRIAL_FRAMES)]
    first = stamps[0] - begin
    each = (stamps[-1] - stamps[0]) / (len(stamps) - 1) if len(stamps) > 1 else first
    total = f", {duration(first + each * max(0, plan.frames - 1))} in all" if plan.frames else ""
    print_result(f"the first frame takes {duration(first)}, each other one {each:.2g} s{total}")
