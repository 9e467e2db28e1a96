"""One training from the command line: resume, progress, checkpoints, log and stop signals, the same for every task."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from impasto.cli.console import print_note, print_status
from impasto.cli.interrupt import Interrupted, Stop
from impasto.cli.recurring import RecurringTimer
from impasto.cli.training_progress import TrainingReport
from impasto.errors import MissingExtraError, OutputError, RecipeError

if TYPE_CHECKING:
    from impasto.feedforward.outputs import OnePassOutputs
    from impasto.training.checkpoint import TrainingCheckpoint
    from impasto.training.crops import PictureFolder
    from impasto.training.curves import TensorBoardLog
    from impasto.training.device import ComputeDevice
    from impasto.training.distributed import DataParallel
    from impasto.training.events import Evaluated, Logged
    from impasto.training.trainer import Trainer

CHECKPOINT_SECONDS = 120.0
FIRST_PREVIEW_SECONDS = 30.0
PREVIEW_SECONDS = 120.0
OTHER_DATA = "The checkpoint has other pictures or another initial network; give the same, or start afresh."


def check_checkpoint(path: Path, resume: bool) -> None:
    """Raise if `resume` and there is no checkpoint (RecipeError), or there is one that would be lost (OutputError)."""
    if resume and not path.is_file():
        raise RecipeError(f"There is no checkpoint '{path}' to resume; leave --resume out.")
    if not resume and path.exists():
        raise OutputError(
            f"'{path}' is the checkpoint of an earlier training; give --resume to go on with it, or remove it."
        )


def open_compute(device: str, precision: str) -> tuple[ComputeDevice, DataParallel]:
    """Return the device and number format of a training, and this process among those of torchrun."""
    from impasto.training.device import ComputeDevice
    from impasto.training.distributed import DataParallel

    compute = ComputeDevice.open(device, precision)
    return compute, DataParallel.from_environment(compute.device)


def counting(label: str, report: TrainingReport, stop: Stop) -> Callable[[int, int], None]:
    """Return a progress callback (done, total) that shows the count as `label` and ends at a stop signal."""

    def progress(done: int, total: int) -> None:
        report.counted(label, done, total)
        stop.check()

    return progress


def origin_of(**folders: PictureFolder) -> dict[str, Any]:
    """Return name and digest of each folder of pictures, for checkpoints and cards: `photos`, `photos_sha256`."""
    names = {name: pictures.folder.resolve().name for name, pictures in folders.items()}
    return {**names, **{f"{name}_sha256": pictures.digest for name, pictures in folders.items()}}


def read_pictures(
    folder: Path, what: str, report: TrainingReport, stop: Stop, least: int = 32
) -> PictureFolder:
    """Read the training pictures of `folder`, called `what` in messages; print how many could not be read.

    Raises PictureError if fewer than `least` can be read.
    """
    from impasto.training.crops import read_folder

    pictures = read_folder(folder, on_progress=counting(f"reading {what}", report, stop), least=least)
    if pictures.skipped and not stop.quiet:
        print_note(f"{len(pictures.skipped)} {what} were skipped; the first: {pictures.skipped[0].reason}")
    return pictures


def write_learning_curve(outputs: OnePassOutputs, trainer: Trainer, *, quiet: bool) -> None:
    """Write the learning curve of a one-pass network; without matplotlib only its CSV, with a note unless `quiet`."""
    from impasto.training.curves import write_curve

    drawn = write_curve(*outputs.curve, trainer.history, outputs.model.stem)
    if not drawn and not quiet:
        print_note(str(MissingExtraError("The curve was written as CSV, but not drawn: its picture", "lab")))


@dataclass
class TrainingSession:
    """Runs a `Trainer` for a command; `origin` is stored in its checkpoints.

    `saving` is the timer of the checkpoints. `write_preview` paints a picture with the network so far and returns its
    path; it is called after half a minute, and then every two minutes.
    Only the main process of a data-parallel training reports and writes files.
    """

    trainer: Trainer
    origin: Mapping[str, Any]
    checkpoint: Path
    stop: Stop
    report: TrainingReport
    quiet: bool = False
    log: TensorBoardLog | None = None
    evaluation_lines: Callable[[Evaluated], list[str]] = lambda _: []
    write_preview: Callable[[], Path] | None = None
    clock: Callable[[], float] = time.monotonic
    saving: RecurringTimer = field(default_factory=lambda: RecurringTimer(CHECKPOINT_SECONDS))

    def resume(self, saved: TrainingCheckpoint, may_differ: Collection[str] = ("device",)) -> None:
        """Continue from a checkpoint; raises RecipeError unless it has the settings of the task."""
        from impasto.training.checkpoint import check_settings, resume

        check_settings(saved, self.trainer.task.settings, may_differ)
        resume(saved, self.trainer)
        if self.is_main and not self.quiet:
            print_status(f"resuming after step {self.trainer.step}")

    def train(self) -> bool:
        """Train to the end or to a signal, with checkpoints on the way; return whether the training is finished."""
        from impasto.training.events import Evaluated, Logged, StepDone

        self.saving.restart()
        previewing = RecurringTimer(PREVIEW_SECONDS, FIRST_PREVIEW_SECONDS, self.clock)
        if self._stopping():
            return self.trainer.finished
        for event in self.trainer.events():
            if isinstance(event, Logged):
                self._logged(event)
            elif isinstance(event, Evaluated):
                self._evaluated(event)
            elif isinstance(event, StepDone):
                if self.is_main:
                    self.report.stepped(event)
                if self.saving.due():
                    self.save()
                if self.is_main and self.write_preview is not None and previewing.due():
                    self.report.previewed(self.write_preview())
                if self._stopping():
                    break
        return self.trainer.finished

    def _stopping(self) -> bool:
        """Return whether any process received a stop signal; afterwards all of them know its number."""
        task = self.trainer.task
        self.stop.number = task.parallel.largest(self.stop.number, task.compute.device)
        return self.stop.number != 0

    @property
    def is_main(self) -> bool:
        """Whether this process reports and writes files."""
        return self.trainer.task.parallel.is_main

    def save(self) -> None:
        """Write the checkpoint."""
        from impasto.training.checkpoint import write_checkpoint

        if self.is_main:
            write_checkpoint(self.checkpoint, self.trainer, self.origin)
        self.saving.restart()

    def interrupt(self, note: str = "resume with the same command and --resume.", *lines: str) -> NoReturn:
        """Print how far the saved training is and how to resume it, and raise `Interrupted`."""
        if self.is_main:
            print_status(f"Stopped after step {self.trainer.step}; {note}")
            for line in lines:
                print_status(line)
        raise Interrupted(self.stop.number)

    def _logged(self, event: Logged) -> None:
        if not self.is_main:
            return
        self.report.logged(event)
        if self.log is not None:
            self.log.add(event.step, event.figures)

    def _evaluated(self, event: Evaluated) -> None:
        """Print the evaluation and save: an evaluation is worth keeping."""
        if not self.is_main:
            return
        for text in self.evaluation_lines(event):
            self.report.line(text)
        self.save()
