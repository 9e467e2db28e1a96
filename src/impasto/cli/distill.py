"""``impasto distill``: train the compact encoder from VGG-19 on folders of photographs and artworks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.console import say
from impasto.cli.interrupt import Stop
from impasto.cli.training_options import takes_settings
from impasto.cli.training_progress import TrainingReport, training_report
from impasto.cli.training_session import TrainingSession, check_checkpoint, read_pictures
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
    log_every: Annotated[int, typer.Option(min=1, help="Steps between two log lines.")] = 20,
    measure_every: Annotated[
        int, typer.Option(min=1, help="Steps between two measurements of held-out R2.")
    ] = 500,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    *,
    given: dict[str, Any],
) -> None:
    """Train a compact encoder from VGG-19.

    Ctrl-C writes a checkpoint after the current step; a second one stops at once.
    """
    from impasto.imaging import check_place
    from impasto.training.device import ComputeDevice
    from impasto.training.distributed import DataParallel
    from impasto.training.outputs import TrainingOutputs

    settings = DistillSettings.make(given)
    outputs = TrainingOutputs(out)
    outputs.check()
    checkpoint_path = check_place(checkpoint or outputs.checkpoint)
    check_checkpoint(checkpoint_path, resume)
    compute = ComputeDevice.open(settings.device, settings.precision)
    parallel = DataParallel.from_environment(compute.device)
    parallel.rows(settings.batch)  # reports an uneven batch before the pictures are read
    quiet = quiet or not parallel.is_main
    _train(
        settings,
        compute,
        parallel,
        teacher,
        photos,
        art,
        out,
        checkpoint_path,
        resume,
        log_every,
        measure_every,
        quiet,
    )


def _train(
    settings: DistillSettings,
    compute: ComputeDevice,
    parallel: DataParallel,
    teacher: Path | None,
    photos: Path,
    art: Path,
    out: Path,
    checkpoint_path: Path,
    resume: bool,
    log_every: int,
    measure_every: int,
    quiet: bool,
) -> None:
    """Read the pictures, train, and write the weights."""
    from impasto.training.checkpoint import read_checkpoint
    from impasto.training.trainer import Trainer

    with Stop(quiet) as stop, training_report(quiet) as report:
        folders = (
            read_pictures(photos, "photographs", report, stop),
            read_pictures(art, "style images", report, stop),
        )
        task, teacher_sha256 = _open(
            teacher, folders, settings, compute, parallel, measure_every, report, stop
        )
        origin = {
            "photos": photos.resolve().name,
            "art": art.resolve().name,
            "photos_sha256": folders[0].digest,
            "art_sha256": folders[1].digest,
            "teacher_sha256": teacher_sha256,
        }
        session = TrainingSession(
            Trainer(task, log_every=log_every),
            origin,
            checkpoint_path,
            stop,
            report,
            quiet,
            evaluation_lines=evaluation_lines,
        )
        if resume:
            _resume(session, read_checkpoint(checkpoint_path, task.kind))
        if not session.train():
            session.save()
            session.interrupt()
        if session.is_main:
            _write(task, out, {"settings": settings.model_dump(), **origin})
    if not quiet:
        say(str(out))


def _open(
    weights: Path | None,
    folders: tuple[PictureFolder, PictureFolder],
    settings: DistillSettings,
    compute: ComputeDevice,
    parallel: DataParallel,
    measure_every: int,
    report: TrainingReport,
    stop: Stop,
) -> tuple[DistillTask, str]:
    """Open the teacher and measure its principal components; return the task and the SHA-256 of the teacher."""
    from impasto.encoder_training.distill.task import DistillTask
    from impasto.encoders import open_encoder, prepare
    from impasto.encoders.finetuned import parent_sha256

    def progress(done: int, total: int) -> None:
        report.counted("measuring the teacher", done, total)
        stop.check()

    teacher = open_encoder("vgg19", weights=weights)
    digest = parent_sha256(teacher, "vgg19", weights)
    task = DistillTask(
        prepare(teacher, compute.device, compute.precision),
        *folders,
        settings,
        compute,
        parallel,
        evaluate_every=measure_every,
        on_progress=progress,
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
    write_weights(task.student, task.bases, out, metadata)
