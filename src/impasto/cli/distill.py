"""``impasto distill``: train the compact encoder from VGG-19 on folders of photographs and artworks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.console import say, tell
from impasto.cli.interrupt import Stop
from impasto.cli.training_options import takes_settings
from impasto.cli.training_progress import training_report
from impasto.cli.training_session import TrainingSession, check_checkpoint
from impasto.encoder_training.distill.settings import DistillSettings
from impasto.errors import WeightsError

if TYPE_CHECKING:
    from impasto.encoder_training.distill.task import DistillTask
    from impasto.training.events import Evaluated

app = typer.Typer(add_completion=False)


@app.command("distill")
@takes_settings(DistillSettings)
def distill(
    photos: Annotated[Path, typer.Option(metavar="DIR", help="Folder of photographs.", show_default=False)],
    art: Annotated[Path, typer.Option(metavar="DIR", help="Folder of artworks.", show_default=False)],
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
    from impasto.training.checkpoint import read_checkpoint
    from impasto.training.outputs import TrainingOutputs
    from impasto.training.trainer import Trainer

    settings = DistillSettings.make(given)
    outputs = TrainingOutputs(out)
    outputs.check()
    state = check_place(checkpoint or outputs.checkpoint)
    check_checkpoint(state, resume)
    with Stop(quiet) as stop, training_report(quiet) as report:
        task = _open(teacher, photos, art, settings, measure_every, quiet)
        trainer = Trainer(task, log_every=log_every)
        origin = {"photos": str(photos), "art": str(art)}
        session = TrainingSession(
            trainer, origin, state, stop, report, quiet, evaluation_lines=evaluation_lines
        )
        if resume:
            session.resume(read_checkpoint(state, task.kind), may_differ=("steps", "device"))
            if trainer.finished:
                raise WeightsError("The checkpoint is of a finished run; its weights were written then.")
        if not session.train():
            session.interrupt()
        if session.is_main:
            _write(task, out, {"settings": settings.model_dump(), **origin})
    if not quiet and session.is_main:
        say(str(out))


def _open(
    teacher: Path | None, photos: Path, art: Path, settings: DistillSettings, measure_every: int, quiet: bool
) -> DistillTask:
    """Read the pictures, open the teacher and measure its principal components."""
    from impasto.encoder_training.distill.task import DistillTask
    from impasto.encoders import open_encoder, prepare
    from impasto.training.crops import read_folder
    from impasto.training.device import ComputeDevice
    from impasto.training.distributed import DataParallel

    compute = ComputeDevice.open(settings.device, settings.precision)
    parallel = DataParallel.from_environment(compute.device)
    parallel.rows(settings.batch)
    folders = read_folder(photos), read_folder(art)
    encoder = prepare(open_encoder("vgg19", weights=teacher), compute.device, compute.precision)
    if not quiet and parallel.is_main:
        tell("measuring the teacher")
    return DistillTask(encoder, *folders, settings, compute, parallel, evaluate_every=measure_every)


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
