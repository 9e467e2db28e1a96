"""The process that paints: one a device, one job at a time, and it can be told to leave a job at any step."""

from __future__ import annotations

import contextlib
import io
import os
import queue
import signal
import threading
import time
import warnings
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from impasto.encoders import open_device
from impasto.errors import ImpastoError, RecipeError, ResumeError
from impasto.guidance import Guides
from impasto.imaging import fit, resize, to_image
from impasto.optimize import Event, Finished, Painter, Recipe, Started, Stepped, make_recipe, open_job
from impasto.optimize.checkpoint import Checkpoint, read_checkpoint
from impasto.optimize.run import open_prepared

PREVIEW_SIDE = 512
PREVIEW_SECONDS = 1.0
# A preview that took t seconds is followed by none for 25 t: they cost 4 % of the time at most.
PREVIEW_SHARE = 25.0
STEP_SECONDS = 0.05


@dataclass(frozen=True)
class Task:
    """A job as the process gets it: pictures are files now. ``keep`` asks for the picture so far and no more."""

    id: str
    folder: Path
    recipe: dict[str, Any]
    content: str | None
    styles: list[str]
    guides: dict[str, Any]
    keep: bool = False


def run(pipe: Connection, device: str) -> None:
    """Paint what is asked for until the server is gone."""
    warnings.simplefilter("ignore")
    PaintWorker(pipe, device).serve()


class PaintWorker:
    """Takes ``("paint", fields of Task)``, ``("leave", id, how)``, ``("change", id, strength, mix)`` and ``("exit",)``.

    Sends ``("ready", device, cards)``, ``("started", id, steps, step)``, ``("step", id, step, size, loss, seconds)``,
    ``("preview", id, bytes)`` and, when a job is left, ``("left", id, state, sentence or None, facts)`` with the facts
    ``step``, ``strength`` and ``mix`` as they were at the end.
    """

    def __init__(self, pipe: Connection, device: str) -> None:
        self.pipe = pipe
        self.device = device
        self.orders: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self.exiting = False
        signal.signal(signal.SIGTERM, lambda *_: self.orders.put(("exit",)))
        threading.Thread(target=self._listen, daemon=True).start()

    def serve(self) -> None:
        """Open what every job needs, say so, and paint."""
        try:
            self.device = str(open_device(self.device))
            open_prepared(make_recipe(), torch.device(self.device))
        except ImpastoError as error:
            self.send("broken", str(error))
            return
        self.send("ready", self.device, torch.cuda.device_count() if self.device.startswith("cuda") else 1)
        while not self.exiting:
            order = self.orders.get()
            if order[0] == "exit":
                return
            if order[0] == "paint":
                self._paint(Task(**order[1]))

    def send(self, *message: Any) -> None:
        """Send a message; without a server there is nothing left to do."""
        try:
            self.pipe.send(message)
        except OSError:
            os._exit(0)

    def _listen(self) -> None:
        while True:
            try:
                self.orders.put(self.pipe.recv())
            except (EOFError, OSError):
                os._exit(0)  # the server is gone; the next one begins at the last checkpoint

    def _paint(self, task: Task) -> None:
        try:
            for left in task.folder.glob(".impasto-*"):  # of a process that was killed while it wrote
                left.unlink(missing_ok=True)
            run = JobRun(self, task)
            self.send("left", task.id, run.paint(), None, run.facts())
        except ImpastoError as error:
            self.send("left", task.id, "failed", str(error), {})
        except Exception as error:
            self.send("left", task.id, "failed", _explained(error), {})


class JobRun:
    """One job in this process, from its checkpoint on if it has one."""

    def __init__(self, worker: PaintWorker, task: Task) -> None:
        self.worker, self.task = worker, task
        self.checkpoint = task.folder / "checkpoint"
        self.painter = self._open()
        self.alpha = self._small_alpha()
        self.next_preview = 0.0
        self.next_step = 0.0

    def facts(self) -> dict[str, Any]:
        """Return where the run stands, and what may have been changed on the way."""
        recipe = self.painter.recipe
        mix = None if recipe.mix is None else list(recipe.mix)
        return {"step": self.painter.state.total, "strength": recipe.strength, "mix": mix}

    def paint(self) -> str:
        """Paint until the end or until told to leave; return the state to leave the job in."""
        painter = self.painter
        if self.task.keep:
            return self._leave("keep")
        stream = painter.events()
        with contextlib.closing(stream):
            for event in stream:
                if isinstance(event, Finished):
                    event.result.save(self.task.folder / "picture.png")
                    self.checkpoint.unlink(missing_ok=True)
                    return "done"
                self._report(event)
                how = self._orders()
                if how is not None:
                    if how in ("keep", "cancel"):
                        painter.checkpoint = None
                    stream.close()
                    return self._leave(how)
        raise AssertionError("a run ends with Finished")  # unreachable: the engine ends with it or raises

    def _open(self) -> Painter:
        task, recipe = self.task, Recipe.make({**self.task.recipe, "device": self.worker.device})
        guides = Guides.from_json(task.guides)
        saved = _saved(self.checkpoint)
        if saved is None:
            job = open_job(recipe, task.content, task.styles, guides)
            return Painter(job, checkpoint=self.checkpoint)
        before = saved.recipe.model_copy(update={"device": self.worker.device})
        try:
            job = open_job(before, task.content, task.styles, guides)
            painter = Painter(job, checkpoint=self.checkpoint, resume=saved)
            painter.change(strength=recipe.strength, mix=recipe.mix)
        except ResumeError:  # another version's or of pictures that changed: painted anew
            self.checkpoint.unlink(missing_ok=True)
            return self._open()
        return painter

    def _small_alpha(self) -> Tensor | None:
        alpha = self.painter.job.alpha
        if alpha is None or max(alpha.shape[2:]) <= PREVIEW_SIDE:
            return alpha
        return resize(alpha, fit(alpha.shape[2], alpha.shape[3], PREVIEW_SIDE))

    def _report(self, event: Event) -> None:
        now = time.monotonic()
        if isinstance(event, Started):
            self.worker.send("started", self.task.id, event.plan.steps, event.resumed_step)
        elif isinstance(event, Stepped):
            if now >= self.next_step or event.total == self.painter.plan.steps:
                self.next_step = now + STEP_SECONDS
                height, width = self.painter.state.size
                self.worker.send(
                    "step", self.task.id, event.total, (width, height), event.loss, event.seconds_left
                )
            if now >= self.next_preview:
                self.worker.send("preview", self.task.id, preview(self.painter, self.alpha))
                spent = time.monotonic() - now
                self.next_preview = now + max(PREVIEW_SECONDS, PREVIEW_SHARE * spent)

    def _orders(self) -> str | None:
        """Do what was asked for since the last step; return how to leave, if at all."""
        while True:
            try:
                order = self.worker.orders.get_nowait()
            except queue.Empty:
                return None
            if order[0] == "exit":
                self.worker.exiting = True
                return "exit"
            if order[1] != self.task.id:
                continue
            if order[0] == "leave":
                return str(order[2])
            if order[0] == "change":
                with contextlib.suppress(RecipeError):  # the server lets no such thing through
                    self.painter.change(strength=order[2], mix=order[3])

    def _leave(self, how: str) -> str:
        """Leave the files of a job as they should be; return its state."""
        if how == "keep" and self.painter.state.total:
            self.painter.result().save(self.task.folder / "picture.png")
        if how in ("keep", "cancel"):
            self.checkpoint.unlink(missing_ok=True)
            return "stopped"
        return "queued" if how == "exit" else "paused"


def preview(painter: Painter, alpha: Tensor | None) -> bytes:
    """Return the picture so far as a small WebP."""
    buffer = io.BytesIO()
    to_image(painter.preview(PREVIEW_SIDE), alpha).save(buffer, "WEBP", quality=80, method=0)
    return buffer.getvalue()


def _saved(path: Path) -> Checkpoint | None:
    """Return the checkpoint if there is one that can be read; what cannot is of no use to anybody."""
    try:
        return read_checkpoint(path) if path.is_file() else None
    except ResumeError:
        path.unlink(missing_ok=True)
        return None


def _explained(error: Exception) -> str:
    memory = isinstance(error, MemoryError | torch.OutOfMemoryError)
    if memory or (isinstance(error, RuntimeError) and "can't allocate memory" in str(error)):
        return "Memory ran out; choose a smaller size."
    if isinstance(error, OSError):
        return f"The picture could not be saved ({error.strerror or error})."
    what = f"{type(error).__name__}: {error}".strip(": ")[:300]
    return f"impasto hit a bug: {what}."
