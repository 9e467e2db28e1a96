"""``impasto train-any``: train the network that paints in any style in one pass."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.console import print_result
from impasto.cli.interrupt import Stop
from impasto.cli.training_options import OutOption, PhotosOption, takes_settings
from impasto.cli.training_progress import TrainingReport, training_report
from impasto.cli.training_session import (
    OTHER_DATA,
    TrainingSession,
    check_checkpoint,
    counting,
    open_compute,
    origin_of,
    read_pictures,
)
from impasto.feedforward.training_settings import AnyStyleSettings

if TYPE_CHECKING:
    from impasto.encoders import Encoder
    from impasto.feedforward.tasks.any_style import AnyStyleTask
    from impasto.training.crops import PictureFolder
    from impasto.training.outputs import TrainingOutputs
    from impasto.training.trainer import Trainer

app = typer.Typer(add_completion=False)


@app.command("train-any")
@takes_settings(AnyStyleSettings)
def train_any(
    photos: PhotosOption,
    art: Annotated[Path, typer.Option(metavar="DIR", help="Folder of style images.", show_default=False)],
    out: OutOption,
    initial: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE", help="Network for any style to start from.", show_default=False
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume from the checkpoint beside --out.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    *,
    given: dict[str, Any],
) -> None:
    """Train the network that paints in any style in one pass.

    Every 16th picture of both folders is held out. Ctrl-C writes a checkpoint; a second one stops at once.
    """
    from impasto.training.outputs import TrainingOutputs

    settings = AnyStyleSettings.make(given)
    outputs = TrainingOutputs(out)
    outputs.check()
    check_checkpoint(outputs.checkpoint, resume)
    _train(photos, art, settings, initial, outputs, resume, quiet)


def _train(
    photos: Path,
    art: Path,
    settings: AnyStyleSettings,
    initial: Path | None,
    outputs: TrainingOutputs,
    resume: bool,
    quiet: bool,
) -> None:
    """Read the pictures, train, and write the network."""
    from impasto.feedforward.weights import identity
    from impasto.training.checkpoint import check_origin, read_checkpoint
    from impasto.training.trainer import Trainer

    judge = _open_loss_encoder(settings.loss_encoder)
    with Stop(quiet) as stop, closing(training_report(quiet)) as report:
        photographs = read_pictures(photos, "photographs", report, stop)
        style_images = read_pictures(art, "style images", report, stop)
        task = _open(photographs, style_images, settings, judge, initial, report, stop)
        origin = origin_of(photos=photographs, art=style_images)
        origin["started_from"] = identity(initial) if initial else "random weights"
        session = TrainingSession(Trainer(task), origin, outputs.checkpoint, stop, report, quiet)
        if resume:
            saved = read_checkpoint(outputs.checkpoint, task.kind)
            if initial is None:  # the checkpoint holds the weights, so --from need not be repeated
                origin["started_from"] = saved.origin.get("started_from")
            check_origin(saved, origin, dict.fromkeys(origin, OTHER_DATA))
            session.resume(saved)
        if not session.train():
            session.save()
            session.interrupt()
        if session.is_main:
            _write(session.trainer, outputs.model, session.origin)
    if session.is_main:
        outputs.checkpoint.unlink(missing_ok=True)
        if not quiet:
            print_result(str(outputs.model))


def _open_loss_encoder(name: str) -> Encoder:
    """Return the encoder of the losses; raises RecipeError if there is none of this name, or it lacks a layer."""
    from impasto.encoders import open_encoder
    from impasto.feedforward.tasks.any_style import LOSS_LAYERS

    encoder = open_encoder(name)
    encoder.resolve(LOSS_LAYERS)
    return encoder


def _open(
    photographs: PictureFolder,
    style_images: PictureFolder,
    settings: AnyStyleSettings,
    judge: Encoder,
    initial: Path | None,
    report: TrainingReport,
    stop: Stop,
) -> AnyStyleTask:
    """Measure the style images and set the initial weights."""
    from impasto.encoders import open_encoder, prepare, tune_process
    from impasto.feedforward.restore import initial_weights
    from impasto.feedforward.style_data import measure_styles
    from impasto.feedforward.tasks.any_style import STYLE_LAYERS, AnyStyleTask, loss_encoder

    weights = None if initial is None else initial_weights(initial)
    tune_process()
    compute, parallel = open_compute(settings.device, settings.precision)
    encoder = prepare(open_encoder("compact"), compute.device, compute.precision)
    progress = counting("measuring style images", report, stop)
    images, count, seed = style_images.train, settings.variants, settings.seed
    styles = measure_styles(encoder, images, count, seed, progress)
    judge = prepare(judge, compute.device, compute.precision)
    losses = loss_encoder(judge, photographs.train, images, settings.seed)
    progress = counting("measuring targets", report, stop)
    targets = measure_styles(losses, images, count, seed, progress, STYLE_LAYERS)
    return AnyStyleTask(
        losses, photographs.train, styles, targets, settings, compute, parallel, initial=weights
    )


def _write(trainer: Trainer, out: Path, origin: Any) -> None:
    from impasto.feedforward.restore import PREDICTOR_SIZES, STRENGTHS
    from impasto.feedforward.weights import write_network

    task = trainer.task
    assert isinstance(task.settings, AnyStyleSettings)
    card = {
        "kind": task.kind,
        "version": 1,
        "name": "any",
        "steps_done": trainer.step,
        "settings": task.settings.model_dump(),
        **origin,
        "blocks": list(task.settings.blocks),
        "detail": task.settings.detail,
        "grain": task.settings.grain,
        "strengths": STRENGTHS,
        **PREDICTOR_SIZES,
    }
    write_network(out, task.weights(), card)
