"""The process that paints: one a device, one job at a time. A job can be stopped or changed at any step."""

from __future__ import annotations

import contextlib
import io
import os
import queue
import signal
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from impasto.encoders import open_device
from impasto.errors import ImpastoError, RecipeError, ResumeError, describe_bug, is_out_of_memory
from impasto.guidance import Guides, Result
from impasto.imaging import Picture, fit, resize, to_image
from impasto.optimize import Event, Finished, Painter, Recipe, Started, Stepped, make_recipe
from impasto.optimize.checkpoint import Checkpoint, read_checkpoint
from impasto.painting import OpenModels, open_job
from impasto.studio.depth import print_bits
from impasto.studio.errors import is_disk_full
from impasto.studio.estimates import work_of
from impasto.studio.paint_task import PaintTask
from impasto.studio.report_rate import PREVIEW_SIDE, ReportRate
from impasto.studio.room import NO_ROOM

if TYPE_CHECKING:
    from impasto.studio.clip_run import ClipRun

REHEARSAL_SIDE = 64


def run(pipe: Connection, device: str) -> None:
    """Paint jobs from ``pipe`` until the server is gone."""
    warnings.simplefilter("ignore")
    PaintWorker(pipe, device).serve()


class PaintWorker:
    """Receives ``("paint", fields of PaintTask)``, ``("stop", id, request)``, ``("change", id, strength, mix)`` and
    ``("exit",)``.

    Sends ``("ready", device, number of GPUs)`` or ``("unavailable", reason)``, ``("planned", id, fields of Workload,
    seconds so far)``, ``("started", id, steps, step)``, ``("step", id, step, size, loss, seconds left)``,
    ``("preview", id, bytes)``, ``("painted", id, seconds)`` if it painted the job without a break, and at the end of
    its work on a job ``("stopped", id, state, error or None, progress)``, where progress holds the final ``step``,
    ``strength`` and ``mix``, and the ``scale`` (width, height) of a picture that was saved. A job that a full disk
    stopped is ``paused``, with an error. The steps of a clip are frames; its ``step`` has frames a second as well.
    """

    def __init__(self, pipe: Connection, device: str) -> None:
        self.pipe = pipe
        self.device = device
        self.messages: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self.exiting = False
        self.models = OpenModels()
        signal.signal(signal.SIGTERM, lambda *_: self.messages.put(("exit",)))
        threading.Thread(target=self._read_pipe, daemon=True).start()

    def serve(self) -> None:
        """Open the device and the default encoder, report ready, and paint jobs."""
        try:
            self.device = str(open_device(self.device))
            self.models.encoder(make_recipe(), torch.device(self.device))
        except ImpastoError as error:
            self.send("unavailable", str(error))
            return
        self.send("ready", self.device, torch.cuda.device_count() if self.device.startswith("cuda") else 1)
        if self.messages.empty():
            self._rehearse()
        while not self.exiting:
            message = self.messages.get()
            if message[0] == "exit":
                return
            if message[0] == "paint":
                self._paint(PaintTask(**message[1]))

    def _rehearse(self) -> None:
        """Open the default networks and take one small step: the first one takes longer than all later ones."""
        grey = Picture(torch.full((1, 3, REHEARSAL_SIDE, REHEARSAL_SIDE), 0.5))
        recipe = make_recipe(size=REHEARSAL_SIDE, device=self.device)
        with contextlib.suppress(ImpastoError):  # reported with the first job
            self.models.encoder(make_recipe(quality="draft"), torch.device(self.device))  # a smaller one
            stream = Painter(open_job(recipe, grey, [grey], models=self.models)).events()
            with contextlib.closing(stream):
                next(event for event in stream if isinstance(event, Stepped))

    def send(self, *message: Any) -> None:
        """Send a message to the server; exit if the server is gone."""
        try:
            self.pipe.send(message)
        except OSError:
            os._exit(0)

    def _read_pipe(self) -> None:
        while True:
            try:
                self.messages.put(self.pipe.recv())
            except (EOFError, OSError):
                os._exit(0)  # the server is gone; the next one resumes from the last checkpoint

    def _paint(self, task: PaintTask) -> None:
        try:
            for partial_file in task.folder.glob(".impasto-*"):  # of a process that was killed while writing
                partial_file.unlink(missing_ok=True)
            job_run = self._open(task)
            self.send("stopped", task.id, job_run.paint(), None, job_run.progress())
        except Exception as error:
            if is_disk_full(error):
                self.send("stopped", task.id, "paused", NO_ROOM, {})
            else:
                self.send("stopped", task.id, "failed", _error_message(error), {})

    def _open(self, task: PaintTask) -> JobRun | ClipRun:
        if task.clip is None:
            return JobRun(self, task)
        from impasto.studio.clip_run import ClipRun  # imports the extra video

        return ClipRun(self, task)

    def stop_request(self, job_id: str, change: Callable[..., None] | None = None) -> str | None:
        """Handle the messages since the last step; return a request to stop the job, if there is one.

        ``change`` is called with a new strength and mix.
        """
        while True:
            try:
                message = self.messages.get_nowait()
            except queue.Empty:
                return None
            if message[0] == "exit":
                self.exiting = True
                return "exit"
            if message[1] != job_id:
                continue
            if message[0] == "stop":
                return str(message[2])
            if message[0] == "change" and change is not None:
                with contextlib.suppress(RecipeError):  # the server has already validated the change
                    change(strength=message[2], mix=message[3])


class JobRun:
    """One job in this process, resumed from its checkpoint if it has one."""

    def __init__(self, worker: PaintWorker, task: PaintTask) -> None:
        self.worker, self.task, self.started = worker, task, time.monotonic()
        self.checkpoint = task.folder / "checkpoint"
        self.painter = self._open()
        self.alpha = self._small_alpha()
        self.rate = ReportRate()
        self.saved_size: tuple[int, int] | None = None
        work = asdict(work_of(self.painter.plan))
        worker.send("planned", task.id, work, time.monotonic() - self.started)

    def progress(self) -> dict[str, Any]:
        """Return the current step, strength and mix, which may have changed, and the saved picture's size."""
        recipe = self.painter.recipe
        mix = None if recipe.mix is None else list(recipe.mix)
        saved = {} if self.saved_size is None else {"scale": self.saved_size}
        return {"step": self.painter.state.steps_done, "strength": recipe.strength, "mix": mix, **saved}

    def paint(self) -> str:
        """Paint until the end or a stop request; return the job's new state."""
        painter = self.painter
        if self.task.keep:
            return self._stop("keep")
        resumed = painter.state.steps_done > 0
        stream = painter.events()
        with contextlib.closing(stream):
            for event in stream:
                if isinstance(event, Finished):
                    self._save(event.result)
                    self.checkpoint.unlink(missing_ok=True)
                    if not resumed and not self.painter.state.changes:
                        self.worker.send("painted", self.task.id, time.monotonic() - self.started)
                    return "done"
                self._report(event)
                request = self.worker.stop_request(self.task.id, painter.change)
                if request is not None:
                    if request in ("keep", "cancel"):
                        painter.checkpoint_path = None
                    stream.close()
                    return self._stop(request)
        raise AssertionError("a run ends with Finished")  # unreachable: the engine yields it or raises

    def _open(self) -> Painter:
        task, recipe = self.task, Recipe.make({**self.task.recipe, "device": self.worker.device})
        guides = Guides.from_json(task.guides)
        checkpoint = _load_checkpoint(self.checkpoint)
        if checkpoint is None:
            job = open_job(recipe, task.content, task.styles, guides, models=self.worker.models)
            return Painter(job, checkpoint_path=self.checkpoint)
        saved_recipe = checkpoint.recipe.model_copy(update={"device": self.worker.device})
        try:
            started = checkpoint.start_recipe
            models = self.worker.models
            job = open_job(
                saved_recipe, task.content, task.styles, guides, start_recipe=started, models=models
            )
            painter = Painter(job, checkpoint_path=self.checkpoint, resume_from=checkpoint)
            painter.change(strength=recipe.strength, mix=recipe.mix)
        except ResumeError:  # another version's checkpoint, or changed pictures: start over
            self.checkpoint.unlink(missing_ok=True)
            return self._open()
        return painter

    def _small_alpha(self) -> Tensor | None:
        alpha = self.painter.job.alpha
        if alpha is None or max(alpha.shape[2:]) <= PREVIEW_SIDE:
            return alpha
        return resize(alpha, fit(alpha.shape[2], alpha.shape[3], PREVIEW_SIDE))

    def _report(self, event: Event) -> None:
        """Send progress and previews to the server, at limited rates."""
        if isinstance(event, Started):
            self.worker.send("started", self.task.id, event.plan.steps, event.resumed_step)
        elif isinstance(event, Stepped):
            if self.rate.step_due(is_last=event.total == self.painter.plan.steps):
                height, width = self.painter.state.size
                self.worker.send(
                    "step", self.task.id, event.total, (width, height), event.loss, event.seconds_left
                )
            if self.rate.preview_due():
                began = time.monotonic()
                self.worker.send("preview", self.task.id, preview(self.painter, self.alpha))
                self.rate.previewed(began)

    def _stop(self, request: str) -> str:
        """Save or remove the job's files as requested; return its new state."""
        if request == "keep" and self.painter.state.steps_done:
            self._save(self.painter.result())
        if request in ("keep", "cancel"):
            self.checkpoint.unlink(missing_ok=True)
            return "stopped"
        return "queued" if request == "exit" else "paused"

    def _save(self, result: Result) -> None:
        result.save(self.task.folder / "picture.png", bits=print_bits(result.dpi))
        self.saved_size = result.pixels.shape[3], result.pixels.shape[2]


def preview(painter: Painter, alpha: Tensor | None) -> bytes:
    """Return the picture so far as a small WebP."""
    buffer = io.BytesIO()
    to_image(painter.preview(PREVIEW_SIDE), alpha).save(buffer, "WEBP", quality=80, method=0)
    return buffer.getvalue()


def _load_checkpoint(path: Path) -> Checkpoint | None:
    """Return the checkpoint, None if there is none; an unreadable one is removed."""
    try:
        return read_checkpoint(path) if path.is_file() else None
    except ResumeError:
        path.unlink(missing_ok=True)
        return None


def _error_message(error: Exception) -> str:
    if isinstance(error, ImpastoError):
        return str(error)
    if is_out_of_memory(error):
        return "There is not enough memory; choose a smaller size."
    if isinstance(error, OSError):
        return f"The picture could not be saved ({error.strerror or error})."
    return f"{describe_bug(error)}."
