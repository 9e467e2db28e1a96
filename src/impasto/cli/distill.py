"""``impasto distill``: train an encoder from VGG-19 on folders of photographs and artworks."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.console import print_result
from impasto.cli.interrupt import Stop
from impasto.cli.training_options import takes_settings
from impasto.cli.training_progress import TrainingReport, training_report
from impasto.cli.training_session import (
    TrainingSession,
    check_checkpoint,
    counting,
    open_compute,
    origin_of,
    read_pictures,
)
from impasto.encoder_training.distill.settings import DistillSettings

if TYPE_CHECKING:
    from impasto.encoder_training.distill.task import DistillTask
    from impasto.training.checkpoint import TrainingCheckpoint
    from impasto.training.crops import PictureFolder
    from impasto.training.device import ComputeDevice
    from impasto.training.distributed import DataParallel
    from impasto.training.events import Evaluated

app = typer.Typer(add_completion=False)


@app.command("distill")
@takes_settings(DistillSettings)
def distill(
    photos: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Folder of photographs, in memory at 1.3 MB each.", show_default=False
        ),
    ],
    art: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder of artworks, in memory at 1.3 MB each.", show_default=False),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Weights to write (.safetensors).", show_default=False
        ),
    ],
    teacher: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Weights of VGG-19; else those fetched.", show_default=False),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="State of the run. [<out>.checkpoint]", show_default=False),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Resume from the checkpoint.")] = False,
    log_every: Annotated[
        int, typer.Option(min=1, help="Steps over which the loss that is shown is averaged.")
    ] = 20,
    measure_every: Annotated[
        int, typer.Option(min=1, help="Steps between two measurements of held-out R2.")
    ] = 500,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    *,
    given: dict[str, Any],
) -> None:
    """Train a smaller encoder from VGG-19.

    Ctrl-C writes a checkpoint after the current step; a second one stops at once.
    """
    from impasto.imaging import check_place
    from impasto.training.outputs import TrainingOutputs

    settings = DistillSettings.make(given)
    outputs = TrainingOutputs(out)
    outputs.check()
    checkpoint_path = check_place(checkpoint or outputs.checkpoint)
    check_checkpoint(checkpoint_path, resume)
    _train(
        DistillRequest(settings, teacher, photos, art, out, checkpoint_path, measure_every),
        log_every,
        resume,
        quiet,
    )


@dataclass(frozen=True)
class DistillRequest:
    """The arguments of a distillation, checked before any picture is read."""

    settings: DistillSettings
    teacher: Path | None
    photos: Path
    art: Path
    out: Path
    checkpoint_path: Path
    measure_every: int


def _train(request: DistillRequest, log_every: int, resume: bool, quiet: bool) -> None:
    """Read the pictures, train, and write the weights."""
    from impasto.training.checkpoint import read_checkpoint
    from impasto.training.trainer import Trainer

    compute, parallel = open_compute(request.settings.device, request.settings.precision)
    parallel.rows(request.settings.batch)  # reports an uneven batch before the pictures are read
    quiet = quiet or not parallel.is_main
    with Stop(quiet) as stop, closing(training_report(quiet)) as report:
        folders = (
            read_pictures(request.photos, "photographs", report, stop),
            read_pictures(request.art, "style images", report, stop),
        )
        task, teacher_sha256 = _open(request, folders, compute, parallel, report, stop)
        origin = {**origin_of(photos=folders[0], art=folders[1]), "teacher_sha256": teacher_sha256}
        session = TrainingSession(
            Trainer(task, log_every=log_every),
            origin,
            request.checkpoint_path,
            stop,
            report,
            quiet,
            evaluation_lines=evaluation_lines,
        )
        if resume:
            _resume(session, read_checkpoint(request.checkpoint_path, task.kind))
        if not session.train():
            session.save()
            session.interrupt()
        if session.is_main:
            _write(task, request.out, {"settings": request.settings.model_dump(), **origin})
    if session.is_main:
        request.checkpoint_path.unlink(missing_ok=True)
        if not quiet:
            print_result(str(request.out))


def _open(
    request: DistillRequest,
    folders: tuple[PictureFolder, PictureFolder],
    compute: ComputeDevice,
    parallel: DataParallel,
    report: TrainingReport,
    stop: Stop,
) -> tuple[DistillTask, str]:
    """Open the teacher and measure it; return the task and the SHA-256 of the teacher."""
    from impasto.encoder_training.distill.compact_task import CompactTask
    from impasto.encoder_training.distill.lowrank_task import LowRankTask
    from impasto.encoders import open_encoder
    from impasto.encoders.finetuned import parent_sha256

    teacher = open_encoder("vgg19", weights=request.teacher)
    digest = parent_sha256(teacher, "vgg19", request.teacher)
    kind = CompactTask if request.settings.student == "compact" else LowRankTask
    task = kind(
        teacher,
        *folders,
        request.settings,
        compute,
        parallel,
        evaluate_every=request.measure_every,
        on_progress=counting("measuring the teacher", report, stop),
    )
    return task, digest


def _resume(session: TrainingSession, saved: TrainingCheckpoint) -> None:
    """Continue from a checkpoint if its pictures and its teacher are unchanged."""
    from impasto.training.checkpoint import check_origin

    changed = "are not those that the checkpoint was trained on; put them back or start afresh."
    sentences = {
        "photos_sha256": f"The photographs {changed}",
        "art_sha256": f"The artworks {changed}",
        "teacher_sha256": "The teacher is not that of the checkpoint; give the same --teacher or start afresh.",
    }
    check_origin(saved, session.origin, sentences)
    session.resume(saved, may_differ=("steps", "device"))


def evaluation_lines(event: Evaluated) -> list[str]:
    """Return held-out R2 in lines, one for each kind of picture."""
    kinds: dict[str, list[str]] = {}
    for name, value in event.figures.items():
        kind, layer = name.split()
        kinds.setdefault(kind, []).append(f"{layer} {value:.4f}")
    return [f"  held-out R2, {kind}: {' '.join(layers)}" for kind, layers in kinds.items()]


def _write(task: DistillTask, out: Path, metadata: dict[str, Any]) -> None:
    from impasto.encoder_training.distill.student import write_weights

    metadata |= {"steps": task.steps, "held_out_r2": task.evaluation, "seed": task.settings.seed}
    write_weights(task.file_state(), out, metadata)
