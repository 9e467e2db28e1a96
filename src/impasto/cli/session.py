"""One picture from job to file: checks before, watching while it is painted, saving after or when stopped."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.cli.console import say, tell
from impasto.cli.interrupt import Interrupted, Stop
from impasto.cli.naming import Target, check_distinct
from impasto.cli.options import OutputOptions
from impasto.cli.progress import improvement_line, reporter
from impasto.cli.watch import PreviewFile, Timelapse
from impasto.errors import RecipeError

if TYPE_CHECKING:
    from impasto.guidance import Result
    from impasto.optimize import Job, Painter
    from impasto.optimize.checkpoint import Checkpoint


@dataclass(frozen=True)
class Session:
    """What one picture is painted with: options, target, the pictures that are read, and the stop sign."""

    how: OutputOptions
    target: Target
    stop: Stop
    inputs: Sequence[Path] = ()
    resume: Checkpoint | None = None

    def check(self) -> None:
        """Raise what would make saving fail later, before any work is spent."""
        from impasto.imaging import check_place, check_writable

        how, target = self.how, self.target
        if not 1 <= how.jpeg_quality <= 100:
            raise RecipeError(f"--jpeg-quality is a whole number from 1 to 100, not {how.jpeg_quality}.")
        check_writable(target.path, bits=how.bits)
        outputs = {"--out": target.path}
        if how.sidecar:
            outputs["--sidecar"] = check_place(target.sidecar)
        if how.preview:
            outputs["--preview"] = check_writable(how.preview)
        if how.timelapse:
            Timelapse(how.timelapse)
            outputs["--timelapse"] = check_place(how.timelapse)
        if how.checkpoint:
            outputs["--checkpoint"] = check_place(how.checkpoint)
        check_distinct(self.inputs, outputs)

    def paint(self, open_job: Callable[[], Job]) -> Path:
        """Paint and save; return where the picture is. Raises `Interrupted` after saving what there is."""
        from impasto.optimize import Finished, Painter, Started, Stepped

        self.check()
        job = open_job()
        self.stop.check()
        painter = Painter(
            job,
            checkpoint=self.how.checkpoint,
            checkpoint_seconds=self.how.checkpoint_seconds,
            resume=self.resume,
        )
        preview = PreviewFile(self.how.preview) if self.how.preview else None
        timelapse = Timelapse(self.how.timelapse) if self.how.timelapse else None
        result: Result | None = None
        events = painter.events()
        with reporter(self.target.path.name, self.how.quiet) as report:
            for event in events:
                report.see(event)
                if isinstance(event, Started) and timelapse:
                    timelapse.begin(painter)
                if isinstance(event, Stepped):
                    if preview:
                        preview.see(painter)
                    if timelapse:
                        timelapse.see(painter)
                if isinstance(event, Finished):
                    result = event.result
                elif self.stop.number:
                    break
        if preview:
            preview.see(painter, last=True)
        if timelapse:
            timelapse.write()
        if result is None:
            self._interrupted(painter)
            self.stop.check()
            raise AssertionError("a run without a result was stopped by a signal")
        return self._save(result)

    def _save(self, result: Result) -> Path:
        target = self.target.settled()
        result.save(target.path, bits=self.how.bits, quality=self.how.jpeg_quality)
        if self.how.sidecar:
            write_sidecar(target.sidecar, result.provenance)
        if not self.how.quiet:
            say(str(target.path))
            if result.improvements:
                tell(improvement_line(result))
        return target.path

    def _interrupted(self, painter: Painter) -> None:
        """Save picture and checkpoint and say how to go on."""
        if painter.state.total == 0:
            tell("Stopped before the first step; there is nothing to save.")
            painter.checkpoint = None
            raise Interrupted(self.stop.number)
        target = self.target.settled()
        checkpoint = self.how.checkpoint or target.checkpoint
        painter.save_checkpoint(checkpoint)
        painter.result().save(target.path, bits=self.how.bits, quality=self.how.jpeg_quality)
        painter.checkpoint = None  # it is written; closing the run need not do it again
        tell(f"Stopped after step {painter.state.total} of {painter.plan.steps}.")
        tell(f"picture so far: {target.path}")
        tell(f"checkpoint: {checkpoint}")
        tell(f"go on with: {shlex.join(self._resume_command(checkpoint, target.path))}")

    def _resume_command(self, checkpoint: Path, out: Path) -> list[str]:
        how, default = self.how, OutputOptions()
        words = ["impasto", "stylize", f"--resume={checkpoint}", f"--out={out}"]
        if how.bits != default.bits:
            words.append(f"--bits={how.bits}")
        if how.jpeg_quality != default.jpeg_quality:
            words.append(f"--jpeg-quality={how.jpeg_quality}")
        if not how.sidecar:
            words.append("--no-sidecar")
        if how.preview:
            words.append(f"--preview={how.preview}")
        if how.quiet:
            words.append("--quiet")
        return words


def write_sidecar(path: Path, provenance: dict[str, Any]) -> None:
    """Write a picture's provenance as JSON; ``--from`` takes it like the picture. Raises `OutputError`."""
    from impasto.imaging import write_text_atomic

    write_text_atomic(path, json.dumps(provenance, indent=2) + "\n")
