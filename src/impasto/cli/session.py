"""Session: paint one picture and write its files, also when it is interrupted."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from impasto.cli.console import print_status
from impasto.cli.interrupt import Interrupted, Stop
from impasto.cli.json_report import JsonReport
from impasto.cli.naming import Target, check_distinct
from impasto.cli.options import OutputOptions, check_jpeg_quality, output_arguments
from impasto.cli.progress import improvement_line, reporter
from impasto.cli.watch import PreviewFile, Timelapse

if TYPE_CHECKING:
    from impasto.guidance import Result
    from impasto.optimize import Event, Job, Painter
    from impasto.optimize.checkpoint import Checkpoint


@dataclass(frozen=True)
class Session:
    """The run of one picture.

    ``read_files`` are the files that the run reads and must not overwrite. ``stop`` tells whether the user interrupted
    it. ``key`` is the digest of the request, which the picture stores. The picture is added to ``report``.
    ``resume_arguments`` are further ones of the command that resumes the run.
    """

    output: OutputOptions
    target: Target
    stop: Stop
    read_files: Sequence[Path] = ()
    resume_from: Checkpoint | None = None
    key: str | None = None
    report: JsonReport = field(default_factory=lambda: JsonReport("stylize", False))
    resume_arguments: Sequence[str] = ()

    def check(self) -> None:
        """Raise errors that would make saving fail later, before the run starts."""
        from impasto.imaging import check_place, check_writable

        output, target = self.output, self.target
        check_jpeg_quality(output.jpeg_quality)
        check_writable(target.path, bits=output.bits)
        outputs = {"--out": target.path}
        if output.sidecar:
            outputs["--sidecar"] = check_place(target.sidecar)
        if output.preview:
            outputs["--preview"] = check_writable(output.preview)
        if output.timelapse:
            Timelapse(output.timelapse)
            outputs["--timelapse"] = check_place(output.timelapse)
        if output.checkpoint:
            outputs["--checkpoint"] = check_place(output.checkpoint)
        check_distinct(self.read_files, outputs)

    def paint(self, open_job: Callable[[], Job]) -> Path:
        """Paint and save; return the path of the picture. Raises `Interrupted` after saving the current picture."""
        from impasto.optimize import Finished, Painter, Started, Stepped

        self.check()
        job = open_job()
        self.stop.check()
        painter = Painter(
            job,
            checkpoint_path=self.output.checkpoint,
            checkpoint_seconds=self.output.checkpoint_seconds,
            resume_from=self.resume_from,
        )
        preview = PreviewFile(self.output.preview) if self.output.preview else None
        timelapse = Timelapse(self.output.timelapse) if self.output.timelapse else None
        result: Result | None = None
        events = painter.events()
        with closing(reporter(self.target.path.name, self.output.quiet)) as report:
            for event in events:
                report.show(event)
                if isinstance(event, Started) and timelapse:
                    timelapse.start(painter)
                if isinstance(event, Stepped):
                    if preview:
                        preview.update(painter.picture, alpha=painter.job.alpha)
                    if timelapse:
                        timelapse.update(painter)
                if isinstance(event, Finished):
                    result = event.result
                elif self.stop.number:
                    break
        if preview:
            preview.update(painter.picture, alpha=painter.job.alpha, last=True)
        try:
            if result is None:
                self._save_interrupted(painter, events)
            return self._save(result)
        finally:
            if timelapse:  # last: an animation that cannot be written must not cost the picture
                timelapse.write()

    def _save(self, result: Result) -> Path:
        target = self.target.with_free_name()
        self.report.seal(result.provenance, self.key)
        result.save(target.path, bits=self.output.bits, quality=self.output.jpeg_quality)
        if self.output.sidecar:
            write_sidecar(target.sidecar, result.provenance)
        # The run is over: its checkpoint would only resume to the same picture.
        if self.output.checkpoint is not None:
            self.output.checkpoint.unlink(missing_ok=True)
        self._add("painted", result, target.path)
        if not self.output.quiet:
            self.report.print_name(target.path)
            if result.improvements:
                print_status(improvement_line(result))
        return target.path

    def _save_interrupted(self, painter: Painter, events: Generator[Event, None, None]) -> NoReturn:
        """Save picture and checkpoint, print the command that resumes the run, and raise `Interrupted`."""
        painter.checkpoint_path = None  # Closing the events would write it too.
        events.close()
        if painter.state.steps_done == 0:
            print_status("Stopped before the first step; there is nothing to save.")
            raise Interrupted(self.stop.number)
        target = self.target.with_free_name()
        checkpoint = self.output.checkpoint or target.checkpoint
        painter.save_checkpoint(checkpoint)
        result = painter.result()
        self.report.seal(result.provenance, None)
        result.save(target.path, bits=self.output.bits, quality=self.output.jpeg_quality)
        self._add("interrupted", result, target.path)
        print_status(f"Stopped after step {painter.state.steps_done} of {painter.plan.steps}.")
        print_status(f"current picture: {target.path}")
        print_status(f"checkpoint: {checkpoint}")
        print_status(f"resume with: {shlex.join(self._resume_command(checkpoint, target.path))}")
        raise Interrupted(self.stop.number)

    def _add(self, state: str, result: Result, path: Path) -> None:
        names = result.provenance
        self.report.add(state, names.get("content"), list(names.get("styles", ())), path, result=result)

    def _resume_command(self, checkpoint: Path, out: Path) -> list[str]:
        words = ["impasto", "stylize", f"--resume={checkpoint}", f"--out={out}"]
        return [*words, *self.resume_arguments, *output_arguments(self.output)]


def write_sidecar(path: Path, provenance: dict[str, Any]) -> None:
    """Write a picture's provenance as JSON; ``--from`` accepts it like the picture. Raises `OutputError`."""
    from impasto.imaging import write_text_atomic

    write_text_atomic(path, json.dumps(provenance, indent=2) + "\n")
