"""One training from the command line: resume, progress, checkpoints, log and stop signals, the same for every task."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.cli.console import tell
from impasto.cli.interrupt import Interrupted, Stop
from impasto.cli.training_progress import TrainingReport
from impasto.errors import RecipeError

if TYPE_CHECKING:
    from impasto.training.checkpoint import TrainingCheckpoint
    from impasto.training.curves import TensorBoardLog
    from impasto.training.events import Evaluated, Logged
    from impasto.training.trainer import Trainer

CHECKPOINT_SECONDS = 120.0


def require_checkpoint(path: Path) -> None:
    """Raise RecipeError if there is no checkpoint to resume."""
    if not path.is_file():
        raise RecipeError(f"There is no checkpoint '{path}' to go on from; leave --resume out.")


@dataclass
class TrainingSession:
    """Runs a `Trainer` for a command; `origin` is stored in its checkpoints.

    Only the main process of a data-parallel training reports and writes files.
    """

    trainer: Trainer
    origin: Mapping[str, Any]
    checkpoint: Path
    stop: Stop
    report: TrainingReport
    quiet: bool = False
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    log_lines: bool = True
    log: TensorBoardLog | None = None
    evaluation_lines: Callable[[Evaluated], list[str]] = lambda _: []
    on_logged: Callable[[Logged], None] = lambda _: None
    _saved_at: float = field(default=0.0, init=False)

    def resume(
        self, saved: TrainingCheckpoint, may_differ: Collection[str] = ("device",), *, compare: bool = True
    ) -> None:
        """Continue from a checkpoint, after `compare`-ing its settings with those of the task."""
        from impasto.training.checkpoint import check_settings, resume

        if compare:
            check_settings(saved, self.trainer.task.settings, may_differ)
        resume(saved, self.trainer)
        if not self.quiet:
            tell(f"resuming after step {self.trainer.step}")

    def train(self) -> bool:
        """Train to the end or to a signal, with checkpoints on the way; return whether the training is finished."""
        from impasto.training.events import Evaluated, Logged, StepDone

        task = self.trainer.task
        self._saved_at = time.monotonic()
        if self.stop.number:
            return self.trainer.finished
        for event in self.trainer.events():
            if isinstance(event, StepDone):
                if self.is_main:
                    self.report.stepped(event)
                if time.monotonic() - self._saved_at >= self.checkpoint_seconds:
                    self.save()
            elif isinstance(event, Logged):
                self._logged(event)
            elif isinstance(event, Evaluated):
                self._evaluated(event)
            if isinstance(event, StepDone) and task.parallel.any(self.stop.number, task.compute.device):
                break
        return self.trainer.finished

    @property
    def is_main(self) -> bool:
        """Whether this process reports and writes files."""
        return self.trainer.task.parallel.is_main

    def save(self) -> None:
        """Write the checkpoint."""
        from impasto.training.checkpoint import write_checkpoint

        if self.is_main:
            write_checkpoint(self.checkpoint, self.trainer, self.origin)
        self._saved_at = time.monotonic()

    def interrupt(self, note: str = "resume with the same command and --resume.", *lines: str) -> None:
        """Write the checkpoint, print how far the training is and how to resume it, and raise `Interrupted`."""
        self.save()
        if self.is_main:
            tell(f"Stopped after step {self.trainer.step}; {note}")
            for line in lines:
                tell(line)
        raise Interrupted(self.stop.number)

    def _logged(self, event: Logged) -> None:
        if not self.is_main:
            return
        if self.log_lines:
            self.report.logged(event)
        if self.log is not None:
            self.log.add(event.step, event.figures)
        self.on_logged(event)

    def _evaluated(self, event: Evaluated) -> None:
        if not self.is_main:
            return
        for text in self.evaluation_lines(event):
            self.report.line(text)
        self.save()
