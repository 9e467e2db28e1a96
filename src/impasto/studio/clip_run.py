"""The painting of a clip in a worker: it goes on where a run before stopped, and can be stopped at every frame."""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import torch

from impasto.errors import ResumeError
from impasto.imaging import Picture, write_picture, write_text_atomic
from impasto.studio.clip_process import frame_picture, open_clip_job, plays_in_browsers, work_of_clip
from impasto.studio.clip_settings import video_settings
from impasto.studio.image_service import webp
from impasto.studio.paint_task import PaintTask
from impasto.studio.report_rate import PREVIEW_SIDE, ReportRate
from impasto.video.api import paint_video
from impasto.video.frame import VideoFrame
from impasto.video.run import ClipStarted, FramePainted, VideoEvent, VideoRun
from impasto.video.run_file import journal_path
from impasto.video.speed import FrameSpeed

# The unpainted clip is only looked at, so it may be small.
ORIGINAL_CRF = 23
LONGEST_POSTER = 16384


class _Worker(Protocol):
    """The process that the run belongs to."""

    device: str

    def send(self, *message: Any) -> None:
        """Send a message to the server."""

    def stop_request(self, job_id: str, change: Callable[..., None] | None = None) -> str | None:
        """Return a request to stop the job, if there is one."""


class ClipRun:
    """One clip. The frame written last, the job's picture, says that clip and original are complete."""

    def __init__(self, worker: _Worker, task: PaintTask) -> None:
        assert task.clip is not None
        assert task.content is not None
        self.worker, self.task, self.started = worker, task, time.monotonic()
        self.content = Path(task.content)
        self.output = task.folder / f"clip.{task.clip['format']}"
        self.settings = video_settings(task.recipe, task.clip, task.trained, worker.device)
        self.speed = FrameSpeed()
        self.done, self.size = 0, (0, 0)
        self.rate = ReportRate()

    def progress(self) -> dict[str, Any]:
        """Return how many frames are painted, and their (width, height)."""
        return {"step": self.done, **({"scale": self.size} if self.done else {})}

    def paint(self) -> str:
        """Paint until the end or a stop request; return the job's new state."""
        write_text_atomic(self.task.folder / "settings.json", json.dumps(self._provenance()))
        if self.output.is_file() and not journal_path(self.output).exists():
            return self._finish("stopped" if self.task.keep else "done")
        run, resumed = self._open_run()
        with contextlib.closing(run.events()) as stream:
            for event in stream:
                self._report(run, event)
                request = "keep" if self.task.keep else self.worker.stop_request(self.task.id)
                if request is not None and not self.is_complete(event):
                    return self._stop(run, request)
        if not resumed:
            self.worker.send("painted", self.task.id, time.monotonic() - self.started)
        return self._finish("done")

    @staticmethod
    def is_complete(event: VideoEvent) -> bool:
        """Return whether the clip is complete, so that nothing is left to stop."""
        return not isinstance(event, ClipStarted | FramePainted)

    def _open_run(self) -> tuple[VideoRun, bool]:
        """Return the run, and whether it goes on from kept frames."""
        task = self.task
        job = open_clip_job(str(self.content), task.styles, self.settings, task.guides, self.output)
        self.size = (job.size[1], job.size[0])
        work = asdict(work_of_clip(job, self.worker.device))
        self.worker.send("planned", task.id, work, time.monotonic() - self.started)
        if (journal_path(self.output) / "run.json").is_file():
            try:
                return VideoRun(job, resume=True), True
            except ResumeError:  # of another version, or with other settings: start over
                pass
        return VideoRun(job, restart=True), False

    def _report(self, run: VideoRun, event: VideoEvent) -> None:
        """Send progress and previews to the server, at limited rates."""
        frames = run.plan.frames
        if isinstance(event, ClipStarted):
            self.done = event.resumed
            self.worker.send("started", self.task.id, frames or None, event.resumed)
        elif isinstance(event, FramePainted):
            self.done = event.done
            self.speed.add(event.done)
            if self.rate.step_due(is_last=self.done == frames):
                left = self.speed.seconds_left(frames)
                self.worker.send(
                    "step", self.task.id, self.done, self.size, math.nan, left, self.speed.per_second
                )
            if self.rate.preview_due():
                began = time.monotonic()
                self.worker.send("preview", self.task.id, frame_preview(event.frame))
                self.rate.previewed(began)

    def _stop(self, run: VideoRun, request: str) -> str:
        """Keep or remove what is painted as requested; return the job's new state."""
        if request == "cancel":
            run.journal.remove()
            return "stopped"
        if request != "keep":
            run.keep()
            return "queued" if request == "exit" else "paused"
        if run.keep_partial() is None:
            run.journal.remove()
            return "stopped"
        run.journal.remove()
        return self._finish("stopped")

    def _finish(self, state: str) -> str:
        """Write the unpainted clip where browsers cannot play the upload, and the picture, which comes last."""
        settings, original = self.settings, self.task.folder / "original.mp4"
        is_whole = settings.start == 0 and settings.stop is None and settings.fps is None
        if not (is_whole and plays_in_browsers(self.content)):
            part = {name: getattr(settings, name) for name in ("start", "stop", "fps", "size")}
            paint_video(self.content, (), original, strength=0, crf=ORIGINAL_CRF, restart=True, **part)
        poster = frame_picture(self.output, self._middle(), LONGEST_POSTER)
        self.size = (poster.width, poster.height)
        write_picture(self.task.folder / "picture.png", poster.pixels, provenance=self._provenance())
        return state

    def _middle(self) -> float:
        from impasto.video.open_clip import open_clip

        return float(open_clip(self.output).info.duration) / 2

    def _provenance(self) -> dict[str, object]:
        task = self.task
        return {
            "recipe": task.recipe,
            "content": task.content,
            "styles": task.styles,
            "guides": task.guides,
            "clip": task.clip,
            "trained": task.trained,
        }


def frame_preview(frame: VideoFrame) -> bytes:
    """Return a painted frame as a small WebP."""
    return webp(Picture(torch.from_numpy(frame.pixels).permute(2, 0, 1)[None]), 80, PREVIEW_SIDE)
